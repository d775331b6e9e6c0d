# SPDX-License-Identifier: MIT
# cmake -DFILES=a.h,b.c -DOUT=points.inc -P points.cmake: the names of all WEIR_POINTs of these files, each as
# "name", on a line.
string(REPLACE "," ";" FILES "${FILES}")
set(names "")
foreach(file IN LISTS FILES)
  file(STRINGS ${file} lines REGEX "WEIR_POINT\\(\"")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE ".*WEIR_POINT\\((\"[^\"]*\")\\).*" "\\1" name "${line}")
    if(NOT line MATCHES "^ *[*/]") # a comment that speaks of points
      list(APPEND names ${name})
    endif()
  endforeach()
endforeach()
list(REMOVE_DUPLICATES names)
list(SORT names)
list(JOIN names ",\n" text)
file(WRITE ${OUT} "${text},\n")
