# CUDA and NCCL as torch_dir was built with. No GPU is needed to configure, build or start.
include(ImportTorchCuda)
set(CMAKE_BUILD_RPATH "${torch_library_dirs};${CUDAToolkit_LIBRARY_DIR}")
file(STRINGS "${torch_dir}/version.py" torch_cuda_version REGEX "^cuda")
string(REGEX REPLACE "[^']*'([0-9.]+)'.*" "\\1" torch_cuda_version "${torch_cuda_version}")
set(toolkit_version "${CUDAToolkit_VERSION_MAJOR}.${CUDAToolkit_VERSION_MINOR}")
if(NOT toolkit_version STREQUAL torch_cuda_version)
  message(FATAL_ERROR "The CUDA toolkit in ${CUDAToolkit_BIN_DIR} is ${toolkit_version}, but ${torch_dir} was built with CUDA "
                      "${torch_cuda_version}: use that toolkit (-DCUDAToolkit_ROOT=DIR) or another torch (-DGLID_LIBTORCH=DIR)")
endif()

# NCCL and cuDNN against what torch was built with, header and library.
set(probed "${torch_dir};${GLID_NCCL_INCLUDE};${GLID_NCCL_LIBRARY}")
if(NOT GLID_CUDA_LIBRARIES_CHECKED STREQUAL probed)
  list(JOIN CMAKE_BUILD_RPATH ":" probe_rpath)
  set(include_flags ${CUDAToolkit_INCLUDE_DIRS})
  list(TRANSFORM include_flags PREPEND -I)
  try_run(versions_rc versions_compiled "${CMAKE_BINARY_DIR}/CMakeFiles/cuda_versions" "${PROJECT_SOURCE_DIR}/cmake/cuda_versions.cpp"
          COMPILE_DEFINITIONS -I${PROJECT_SOURCE_DIR}/src/dist -I${GLID_NCCL_INCLUDE} ${include_flags} ${torch_include_options}
          LINK_OPTIONS "-Wl,--disable-new-dtags,--allow-shlib-undefined,-rpath,${probe_rpath}"
          LINK_LIBRARIES "${torch_cuda_libraries}" "${torch_dir}/lib/libtorch_cpu.so" "${torch_dir}/lib/libc10.so" "${GLID_NCCL_LIBRARY}"
          CXX_STANDARD 20 COMPILE_OUTPUT_VARIABLE probe_error RUN_OUTPUT_VARIABLE versions)
  if(NOT versions_compiled)
    message(FATAL_ERROR "A program with libtorch_cuda and NCCL does not link:\n${probe_error}")
  endif()
  string(STRIP "${versions}" versions)
  if(NOT versions_rc EQUAL 0)
    message(FATAL_ERROR "A program with libtorch_cuda, NCCL and cuDNN does not start as it should (${versions_rc}): ${versions} "
                        "(header ${GLID_NCCL_INCLUDE}/nccl.h, library ${GLID_NCCL_LIBRARY}, torch ${torch_dir})")
  endif()
  message(STATUS "CUDA ${toolkit_version}; ${versions}")
  set(GLID_CUDA_LIBRARIES_CHECKED "${probed}" CACHE INTERNAL "The NCCL and torch that passed the checks")
endif()

# .cu files may be added to any layer; their runtime is the shared one that torch uses.
set(CMAKE_CUDA_ARCHITECTURES 80 90a)
set(CMAKE_CUDA_RUNTIME_LIBRARY Shared)
enable_language(CUDA)
if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # CMake 3.25 does not know how nvcc spells it
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
endif()
