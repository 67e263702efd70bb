# The LibTorch that we build with: ImportTorch.cmake and ImportTorchCuda.cmake make targets of it.
# Found in -DGLID_LIBTORCH=DIR (a folder with lib/ and include/), else by scripts/fetch_libtorch.sh: an installed torch or the wheel.
set(GLID_TORCH_VERSION 2.11)

if(GLID_LIBTORCH)
  set(torch_dir "${GLID_LIBTORCH}")
else()
  set(fetch_options "")
  if(GLID_CUDA)
    set(fetch_options --cuda)
  endif()
  execute_process(COMMAND "${PROJECT_SOURCE_DIR}/scripts/fetch_libtorch.sh" ${fetch_options}
                  OUTPUT_VARIABLE torch_dir OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE fetch_rc)
  if(NOT fetch_rc EQUAL 0)
    message(FATAL_ERROR "scripts/fetch_libtorch.sh found no torch ${GLID_TORCH_VERSION}: see the lines above, or give -DGLID_LIBTORCH=DIR")
  endif()
endif()
get_filename_component(torch_dir "${torch_dir}" REALPATH)
message(STATUS "LibTorch: ${torch_dir}")

foreach(needed lib/libtorch_cpu.so lib/libc10.so include/ATen/core/Tensor.h include/torch/headeronly/version.h)
  if(NOT EXISTS "${torch_dir}/${needed}")
    message(FATAL_ERROR "${torch_dir}/${needed} is missing: GLID_LIBTORCH must name a torch ${GLID_TORCH_VERSION} folder with lib/ and include/")
  endif()
endforeach()

include(ImportTorch)
# Programs of the build tree run without LD_LIBRARY_PATH.
set(CMAKE_BUILD_RPATH "${torch_library_dirs}")
include(LibTorchChecks)
if(GLID_CUDA)
  include(LibTorchCuda)
endif()

glid_make_pch(pch torch::cpu)
