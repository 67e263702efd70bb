# torch::cuda, from the same torch folder, the CUDA toolkit and NCCL. No GPU is needed to configure, build or start.
find_package(CUDAToolkit QUIET)
if(NOT CUDAToolkit_FOUND)
  message(FATAL_ERROR "GLID_CUDA needs the CUDA 13.0 toolkit: put nvcc into PATH or give -DCUDAToolkit_ROOT=DIR")
endif()
file(STRINGS "${torch_dir}/version.py" torch_cuda_version REGEX "^cuda")
string(REGEX REPLACE "[^']*'([0-9.]+)'.*" "\\1" torch_cuda_version "${torch_cuda_version}")
set(toolkit_version "${CUDAToolkit_VERSION_MAJOR}.${CUDAToolkit_VERSION_MINOR}")
if(NOT toolkit_version STREQUAL torch_cuda_version)
  message(FATAL_ERROR "The CUDA toolkit in ${CUDAToolkit_BIN_DIR} is ${toolkit_version}, but ${torch_dir} was built with CUDA "
                      "${torch_cuda_version}: use that toolkit (-DCUDAToolkit_ROOT=DIR) or another torch (-DGLID_LIBTORCH=DIR)")
endif()

# cuDNN, cuBLAS and NCCL come from the wheels beside torch where these are installed, else from the toolkit.
set(CMAKE_BUILD_RPATH "${torch_library_dirs};${CUDAToolkit_LIBRARY_DIR}")
find_path(GLID_NCCL_INCLUDE nccl.h PATHS "${torch_site}/nvidia/nccl/include" NO_DEFAULT_PATH)
find_path(GLID_NCCL_INCLUDE nccl.h HINTS ${CUDAToolkit_INCLUDE_DIRS})
find_file(GLID_NCCL_LIBRARY libnccl.so.2 PATHS ${torch_library_dirs} NO_DEFAULT_PATH)
find_file(GLID_NCCL_LIBRARY libnccl.so.2 HINTS "${CUDAToolkit_LIBRARY_DIR}" PATH_SUFFIXES lib64 lib lib/x86_64-linux-gnu)
if(NOT GLID_NCCL_INCLUDE OR NOT GLID_NCCL_LIBRARY)
  message(FATAL_ERROR "nccl.h or libnccl.so.2 was not found beside torch or in the CUDA toolkit: install NCCL 2.28.9 (wheel nvidia-nccl-cu13)")
endif()
find_file(GLID_CUDART libcudart.so.13 PATHS ${torch_library_dirs} "${CUDAToolkit_LIBRARY_DIR}" NO_DEFAULT_PATH)

# The backend registers itself when libtorch_cuda is loaded, so the linker must keep it though no symbol asks for it.
set(torch_cuda_libraries "-Wl,--push-state,--no-as-needed,${torch_dir}/lib/libtorch_cuda.so,${torch_dir}/lib/libc10_cuda.so,--pop-state")
add_library(torch::cuda INTERFACE IMPORTED GLOBAL)
target_link_libraries(torch::cuda INTERFACE torch::cpu "${torch_cuda_libraries}" "${GLID_CUDART}" "${GLID_NCCL_LIBRARY}")
target_include_directories(torch::cuda SYSTEM INTERFACE ${CUDAToolkit_INCLUDE_DIRS} "${GLID_NCCL_INCLUDE}")
target_compile_definitions(torch::cuda INTERFACE USE_C10D_NCCL)

# NCCL's version changes the layout of c10d's options: header, library and the one torch was built with must be the same.
if(NOT GLID_NCCL_CHECKED STREQUAL "${torch_dir};${GLID_NCCL_INCLUDE};${GLID_NCCL_LIBRARY}")
  list(JOIN CMAKE_BUILD_RPATH ":" probe_rpath)
  set(include_flags ${CUDAToolkit_INCLUDE_DIRS})
  list(TRANSFORM include_flags PREPEND -I)
  try_run(nccl_rc nccl_compiled "${CMAKE_BINARY_DIR}/CMakeFiles/nccl_versions" "${PROJECT_SOURCE_DIR}/cmake/nccl_versions.cpp"
          COMPILE_DEFINITIONS -I${GLID_NCCL_INCLUDE} ${include_flags} ${torch_include_options}
          LINK_OPTIONS "-Wl,--disable-new-dtags,--allow-shlib-undefined,-rpath,${probe_rpath}"
          LINK_LIBRARIES "${torch_cuda_libraries}" "${torch_dir}/lib/libtorch_cpu.so" "${torch_dir}/lib/libc10.so" "${GLID_NCCL_LIBRARY}"
          CXX_STANDARD 20 COMPILE_OUTPUT_VARIABLE probe_error RUN_OUTPUT_VARIABLE nccl_versions)
  if(NOT nccl_compiled)
    message(FATAL_ERROR "A program with libtorch_cuda and NCCL does not link:\n${probe_error}")
  endif()
  string(STRIP "${nccl_versions}" nccl_versions)
  if(NOT nccl_rc EQUAL 0)
    message(FATAL_ERROR "A program with libtorch_cuda and NCCL does not start with matching versions: ${nccl_versions} "
                        "(header ${GLID_NCCL_INCLUDE}/nccl.h, library ${GLID_NCCL_LIBRARY})")
  endif()
  message(STATUS "CUDA ${toolkit_version}, NCCL: ${nccl_versions}")
  set(GLID_NCCL_CHECKED "${torch_dir};${GLID_NCCL_INCLUDE};${GLID_NCCL_LIBRARY}" CACHE INTERNAL "The NCCL that passed the checks")
endif()

# .cu files may be added to any layer; their runtime is the shared one that torch uses.
set(CMAKE_CUDA_ARCHITECTURES 80 90a)
set(CMAKE_CUDA_RUNTIME_LIBRARY Shared)
enable_language(CUDA)
if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # CMake 3.25 does not know how nvcc spells it
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
endif()
target_compile_options(torch::cuda INTERFACE
  "$<$<COMPILE_LANGUAGE:CUDA>:SHELL:-isystem ${torch_dir}/include -isystem ${torch_dir}/include/torch/csrc/api/include>")
