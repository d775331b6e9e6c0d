# SPDX-License-Identifier: MIT
# weir_dev_flags: warnings and sanitizers of a top-level build. Linked PRIVATE to our own targets.
add_library(weir_dev_flags INTERFACE)
target_compile_options(weir_dev_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow
  $<$<COMPILE_LANGUAGE:C>:-Wconversion;-Wstrict-prototypes;-Wmissing-prototypes;-Wvla>
  $<$<BOOL:${WEIR_WERROR}>:-Werror>
  $<$<NOT:$<CONFIG:Debug>>:-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=>)
if(WEIR_SANITIZE)
  target_compile_options(weir_dev_flags INTERFACE
    -fsanitize=${WEIR_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -O1)
  target_link_options(weir_dev_flags INTERFACE -fsanitize=${WEIR_SANITIZE})
endif()
