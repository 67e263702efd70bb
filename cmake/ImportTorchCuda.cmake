# torch::cuda: torch::cpu + libtorch_cuda + the CUDA runtime and NCCL with their headers, after ImportTorch.cmake.
find_package(CUDAToolkit QUIET)
if(NOT CUDAToolkit_FOUND)
  message(FATAL_ERROR "GLID_CUDA needs the CUDA 13.0 toolkit: put nvcc into PATH or give -DCUDAToolkit_ROOT=DIR")
endif()

# cuDNN, cuBLAS and NCCL come from the wheels beside torch where these are installed, else from the toolkit.
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
target_include_directories(torch::cuda SYSTEM INTERFACE "${GLID_NCCL_INCLUDE}" ${CUDAToolkit_INCLUDE_DIRS})
target_compile_definitions(torch::cuda INTERFACE USE_C10D_NCCL)
target_compile_options(torch::cuda INTERFACE
  "$<$<COMPILE_LANGUAGE:CUDA>:SHELL:-isystem ${torch_dir}/include -isystem ${torch_dir}/include/torch/csrc/api/include>")
