# `cmake --install build/<preset> --prefix DIR` and `cpack` (in build/<preset>: a .tar.gz and a .deb) make a tree that runs anywhere:
#   bin/               programs; those that need LibTorch are scripts that find it (tools/start_with_libtorch.sh.in)
#   lib/glid/          what these start, and the distribution's libraries that another machine may lack; not LibTorch
#   lib/, include/     the layers for programs of others, found by find_package(glid) through lib/cmake/glid
#   share/             configurations, examples, pages
if(GLID_CUDA)
  set(glid_torch_kind --cuda)
  set(glid_toolkit_path ":\${CUDA_HOME:-/usr/local/cuda}/lib64")
  set(CPACK_PACKAGE_NAME glid-cuda)
  set(CPACK_DEBIAN_PACKAGE_PROVIDES glid)
  set(CPACK_DEBIAN_PACKAGE_CONFLICTS glid)
else()
  set(CPACK_DEBIAN_PACKAGE_CONFLICTS glid-cuda)  # one or the other: they have the same files
endif()
set(CPACK_DEBIAN_PACKAGE_REPLACES ${CPACK_DEBIAN_PACKAGE_CONFLICTS})
configure_file(tools/start_with_libtorch.sh.in start_with_libtorch.sh @ONLY)

install(RUNTIME_DEPENDENCY_SET glid_libraries
        PRE_EXCLUDE_REGEXES "^lib(torch|c10|cuda|cudart|cublas|cudnn|cufft|cufile|cupti|curand|cusolver|cusparse|nv|nccl)"
                            "^lib(c|m|dl|rt|pthread|stdc\\+\\+|gcc_s)\\.so" "^ld-linux"
        LIBRARY DESTINATION lib/glid)
install(PROGRAMS scripts/find_libtorch.sh scripts/fetch_libtorch.sh DESTINATION lib/glid)
if(GLID_CUDA)
  install(PROGRAMS scripts/gpu_check.sh DESTINATION bin)
endif()
install(DIRECTORY configs examples DESTINATION share/glid)
install(DIRECTORY docs DESTINATION share/doc/glid)
install(FILES LICENSE README.md CHANGELOG.md CONTRIBUTING.md CITATION.cff DESTINATION share/doc/glid)
install(FILES third_party/README.md DESTINATION share/doc/glid/third_party)
install(SCRIPT cmake/InstallPages.cmake)

# Completion and, where help2man is, man pages.
find_program(GLID_HELP2MAN help2man)
get_property(glid_programs GLOBAL PROPERTY GLID_PROGRAMS)
install(CODE "set(glid_words_bin \"${CMAKE_BINARY_DIR}/bin\")
set(glid_words_programs \"${glid_programs}\")
set(glid_help2man \"$<$<BOOL:${GLID_HELP2MAN}>:${GLID_HELP2MAN}>\")")
install(SCRIPT cmake/InstallWords.cmake)

# The CMake package.
include(CMakePackageConfigHelpers)
install(DIRECTORY include/glid DESTINATION include)
install(EXPORT glid_plain NAMESPACE glid:: DESTINATION lib/cmake/glid)
if(GLID_TORCH)
  install(EXPORT glid_torch NAMESPACE glid:: DESTINATION lib/cmake/glid)
endif()
configure_package_config_file(cmake/glidConfig.cmake.in glidConfig.cmake INSTALL_DESTINATION lib/cmake/glid)
write_basic_package_version_file(glidConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/glidConfig.cmake" "${CMAKE_CURRENT_BINARY_DIR}/glidConfigVersion.cmake"
              cmake/Packages.cmake cmake/ImportTorch.cmake cmake/ImportTorchCuda.cmake DESTINATION lib/cmake/glid)

# CMake never strips archives: stripped of all symbols they could not be linked with. Debug information is most of their size.
string(CONFIGURE [[
  if(CMAKE_INSTALL_DO_STRIP)
    file(GLOB archives "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/lib/libglid_*.a")
    execute_process(COMMAND "@CMAKE_STRIP@" --strip-unneeded ${archives} COMMAND_ERROR_IS_FATAL ANY)
  endif()
]] strip_archives @ONLY)
install(CODE "${strip_archives}")

set(CPACK_GENERATOR TGZ DEB)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE zstd)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_PACKAGE_VENDOR "GLID contributors")
set(CPACK_PACKAGE_CONTACT "GLID contributors")
set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE")
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libc6 (>= 2.36), libstdc++6 (>= 12), libgcc-s1")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "python3, python3-pip")
include(CPack)
