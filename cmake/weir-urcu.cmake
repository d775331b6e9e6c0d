# SPDX-License-Identifier: MIT
# weir::urcu: liburcu's memb flavour, for building weir and for linking its static library. Without it weir_urcu_FOUND is false.
find_path(WEIR_URCU_INCLUDE_DIR urcu/urcu-memb.h)
find_library(WEIR_URCU_LIBRARY urcu-memb)
find_library(WEIR_URCU_COMMON_LIBRARY urcu-common) # what liburcu-memb.a needs
mark_as_advanced(WEIR_URCU_INCLUDE_DIR WEIR_URCU_LIBRARY WEIR_URCU_COMMON_LIBRARY)

set(weir_urcu_FOUND FALSE)
if(WEIR_URCU_INCLUDE_DIR AND WEIR_URCU_LIBRARY)
  set(weir_urcu_FOUND TRUE)
  if(NOT TARGET weir::urcu)
    add_library(weir::urcu UNKNOWN IMPORTED)
    set_target_properties(weir::urcu PROPERTIES IMPORTED_LOCATION "${WEIR_URCU_LIBRARY}"
      INTERFACE_INCLUDE_DIRECTORIES "${WEIR_URCU_INCLUDE_DIR}")
    if(WEIR_URCU_LIBRARY MATCHES "\\.a$" AND WEIR_URCU_COMMON_LIBRARY)
      set_target_properties(weir::urcu PROPERTIES INTERFACE_LINK_LIBRARIES "${WEIR_URCU_COMMON_LIBRARY}")
    endif()
  endif()
endif()
