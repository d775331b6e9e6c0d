# SPDX-License-Identifier: MIT
# weir_library(<target> [STATIC|SHARED] [EXCLUDE_FROM_ALL]): a library of weir's sources, which the
# folders add with weir_sources(). Properties stand on the target only; nothing global is touched.
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
include(${CMAKE_CURRENT_LIST_DIR}/weir-urcu.cmake)
if(NOT weir_urcu_FOUND)
  message(FATAL_ERROR "liburcu is missing: apt-get install liburcu-dev")
endif()
# A header only: maps/hash.c compiles in what it uses. 0.8.0 is the first with the hash that stays.
find_path(WEIR_XXHASH_INCLUDE_DIR xxhash.h)
mark_as_advanced(WEIR_XXHASH_INCLUDE_DIR)
set(weir_xxhash_old "")
if(WEIR_XXHASH_INCLUDE_DIR)
  file(STRINGS "${WEIR_XXHASH_INCLUDE_DIR}/xxhash.h" weir_xxhash_old REGEX "define +XXH_VERSION_MINOR +[0-7]$")
endif()
if(NOT WEIR_XXHASH_INCLUDE_DIR OR weir_xxhash_old)
  message(FATAL_ERROR "xxhash.h of libxxhash 0.8 is missing: apt-get install libxxhash-dev")
endif()

function(weir_include_dirs target scope)
  target_include_directories(${target} ${scope}
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
endfunction()

function(weir_library target)
  add_library(${target} ${ARGN})
  set_target_properties(${target} PROPERTIES
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
    POSITION_INDEPENDENT_CODE ON
    C_VISIBILITY_PRESET hidden
    C_EXTENSIONS OFF)
  target_compile_features(${target} PUBLIC c_std_11)
  target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "SHARED_LIBRARY")
    set_target_properties(${target} PROPERTIES LINK_DEPENDS ${PROJECT_SOURCE_DIR}/lib/weir.map)
    # nodelete: a thread's exit hook and its parker have to outlive a dlclose.
    target_link_options(${target} PRIVATE LINKER:--version-script=${PROJECT_SOURCE_DIR}/lib/weir.map
      LINKER:-z,nodelete)
  endif()
  if(target STREQUAL "weir")
    target_compile_definitions(${target} PRIVATE $<$<CONFIG:Debug>:WEIR_DEBUG>)
  endif()
  weir_include_dirs(${target} PUBLIC)
  target_link_libraries(${target} PRIVATE Threads::Threads weir::urcu)
  target_include_directories(${target} SYSTEM PRIVATE ${WEIR_XXHASH_INCLUDE_DIR})
  if(WEIR_LGPL_INLINE)
    target_compile_definitions(${target} PRIVATE WEIR_LGPL_INLINE)
  endif()
  if(TARGET weir_dev_flags)
    # BUILD_INTERFACE: a static library exports its private libraries, and this one is not installed.
    target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:weir_dev_flags>)
  endif()
endfunction()

# weir_sources(a.c b.c): adds sources of the current folder to every variant of the library.
function(weir_sources)
  foreach(target IN LISTS weir_variants)
    target_sources(${target} PRIVATE ${ARGN})
  endforeach()
endfunction()
