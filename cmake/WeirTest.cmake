# SPDX-License-Identifier: MIT
# weir_add_test(NAME <name> SOURCES <c files> [LIBS <targets>] [LABELS <labels>] [TIMEOUT <seconds>]
#               [ARGS <arguments>])
# One cmocka program against weir_testing, registered with ctest. Tests run one at a time (they measure
# time, on few CPUs; see weir_share_cpus), through scripts/run-test, which leaves JUnit files <name>.<group>.xml in
# WEIR_JUNIT_DIR. The label `long` keeps a test out of `make test`.
set(WEIR_JUNIT_DIR ${PROJECT_BINARY_DIR}/junit CACHE PATH "Where the tests leave their JUnit files")
find_package(PkgConfig)
if(WEIR_TESTS)
  if(PkgConfig_FOUND)
    pkg_check_modules(weir_cmocka IMPORTED_TARGET cmocka)
  endif()
  if(NOT weir_cmocka_FOUND)
    message(FATAL_ERROR "cmocka is missing: apt-get install libcmocka-dev pkg-config, or pass -DWEIR_TESTS=OFF")
  endif()
endif()

# What every test program of ours is run with, however it was made. A test that asks for too much memory
# gets NULL, as without a sanitizer. The runtime is told where the symbolizer is, since it does not find one
# of another version by itself.
find_program(WEIR_SYMBOLIZER NAMES llvm-symbolizer-19 llvm-symbolizer llvm-symbolizer-14)
mark_as_advanced(WEIR_SYMBOLIZER)
set(weir_symbolizer allow_addr2line=1)
if(WEIR_SYMBOLIZER)
  set(weir_symbolizer external_symbolizer_path=${WEIR_SYMBOLIZER})
endif()
set(weir_test_environment
  TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:history_size=7:allocator_may_return_null=1:${weir_symbolizer}
  ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:allocator_may_return_null=1
  UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1)

# weir_add_run(NAME <name> TARGET <executable> [LABELS <labels>] [TIMEOUT <seconds>] [ARGS <arguments>])
# One more run of a test program that exists, such as a longer one under the label `long`.
function(weir_add_run)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;TARGET;TIMEOUT" "LABELS;ARGS")
  if(NOT arg_NAME OR NOT arg_TARGET OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "weir_add_run: NAME and TARGET are needed; unknown: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  add_test(NAME ${arg_NAME} COMMAND ${PROJECT_SOURCE_DIR}/scripts/run-test ${WEIR_JUNIT_DIR}
                                    ${arg_NAME} $<TARGET_FILE:${arg_TARGET}> ${arg_ARGS})
  set_tests_properties(${arg_NAME} PROPERTIES RUN_SERIAL ON TIMEOUT ${arg_TIMEOUT}
    LABELS "${arg_LABELS}" SKIP_RETURN_CODE 77 ENVIRONMENT "${weir_test_environment}")
endfunction()

function(weir_add_test)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;TIMEOUT" "SOURCES;LIBS;LABELS;ARGS")
  if(NOT arg_NAME OR NOT arg_SOURCES OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "weir_add_test: NAME and SOURCES are needed; unknown: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  add_executable(${arg_NAME} ${arg_SOURCES})
  set_target_properties(${arg_NAME} PROPERTIES C_STANDARD 11 C_EXTENSIONS OFF)
  target_compile_definitions(${arg_NAME} PRIVATE _GNU_SOURCE)
  target_link_libraries(${arg_NAME} PRIVATE weir_testing weir_dev_flags PkgConfig::weir_cmocka
                                            Threads::Threads ${arg_LIBS})
  weir_add_run(NAME ${arg_NAME} TARGET ${arg_NAME} LABELS ${arg_LABELS} TIMEOUT ${arg_TIMEOUT}
               ARGS ${arg_ARGS})
endfunction()

# weir_share_cpus(<name>...): these may run two at a time. Nothing in them is judged by a time that other programs make
# longer, but for limits of a minute; threads that have to wait for a processor are what they are to stand anyway.
function(weir_share_cpus)
  set_tests_properties(${ARGN} PROPERTIES RUN_SERIAL OFF)
endfunction()

# The greps of `make lint`, which need no tool of their own, and a test that they can fail.
if(WEIR_TESTS)
  foreach(rule IN ITEMS layers orders labels files test)
    add_test(NAME lint_${rule} COMMAND ${PROJECT_SOURCE_DIR}/scripts/lint-${rule})
    set_tests_properties(lint_${rule} PROPERTIES LABELS lint TIMEOUT 60)
  endforeach()
endif()
