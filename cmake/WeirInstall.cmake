# SPDX-License-Identifier: MIT
# Install rules: components Runtime (the shared library) and Development (headers, archive, CMake and
# pkg-config files). Static and shared are built and installed one after the other, each with its own
# targets file; the configuration file picks.
include(CMakePackageConfigHelpers)

if(BUILD_SHARED_LIBS)
  set(weir_kind shared)
else()
  set(weir_kind static)
endif()
set(weir_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/weir)

install(TARGETS weir weir_headers EXPORT weir-${weir_kind}
  RUNTIME COMPONENT Runtime
  LIBRARY COMPONENT Runtime NAMELINK_COMPONENT Development
  ARCHIVE COMPONENT Development)
install(EXPORT weir-${weir_kind} NAMESPACE weir:: DESTINATION ${weir_cmake_dir}
  FILE weir-${weir_kind}-targets.cmake COMPONENT Development)
install(DIRECTORY include/weir DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT Development
  FILES_MATCHING PATTERN "*.h" PATTERN "model.h" EXCLUDE # the tools of weir-stress are not part of libweir
  PATTERN "stress.h" EXCLUDE)

configure_file(cmake/weir-config.cmake ${PROJECT_BINARY_DIR}/weir-config.cmake COPYONLY)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/weir-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/weir-config.cmake ${PROJECT_BINARY_DIR}/weir-config-version.cmake
  cmake/weir-urcu.cmake DESTINATION ${weir_cmake_dir} COMPONENT Development)

# Directories relative to the prefix, absolute where the user gave them so. The prefix itself is filled
# in when installing, because `cmake --install --prefix` may change it.
set(weir_pc_PREFIX "@CMAKE_INSTALL_PREFIX@")
foreach(dir IN ITEMS LIBDIR INCLUDEDIR)
  set(weir_pc_${dir} ${CMAKE_INSTALL_${dir}})
  if(NOT IS_ABSOLUTE "${weir_pc_${dir}}")
    set(weir_pc_${dir} "\${prefix}/${weir_pc_${dir}}")
  endif()
endforeach()
configure_file(cmake/weir.pc.in ${PROJECT_BINARY_DIR}/weir.pc.in @ONLY)
install(CODE "configure_file(\"${PROJECT_BINARY_DIR}/weir.pc.in\" \"${PROJECT_BINARY_DIR}/weir.pc\" @ONLY)"
  COMPONENT Development)
install(FILES ${PROJECT_BINARY_DIR}/weir.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
  COMPONENT Development)
