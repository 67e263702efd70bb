# Imported targets for the official torch 2.11.0 wheel:
#   torch::c10   libc10       torch::cpu   libtorch_cpu + headers + c10d definitions
#   torch::cuda  (GLID_CUDA only) torch::cpu + libtorch_cuda + the CUDA runtime and NCCL with their headers
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

# Programs run without LD_LIBRARY_PATH. The wheels' libraries come first: their libcudart must win over the toolkit's.
get_filename_component(torch_site "${torch_dir}" DIRECTORY)
file(GLOB torch_library_dirs "${torch_dir}/lib" "${torch_site}/nvidia/*/lib")
list(SORT torch_library_dirs)
list(REMOVE_ITEM torch_library_dirs "${torch_dir}/lib")
list(PREPEND torch_library_dirs "${torch_dir}/lib")
set(CMAKE_BUILD_RPATH "${torch_library_dirs}")

# -idirafter: torch/include also holds fmt v12, which must not shadow the distribution's fmt that spdlog was built with.
set(torch_include_options -idirafter "${torch_dir}/include" -idirafter "${torch_dir}/include/torch/csrc/api/include")

function(glid_import_torch name file)
  add_library(torch::${name} SHARED IMPORTED GLOBAL)
  set_target_properties(torch::${name} PROPERTIES IMPORTED_LOCATION "${torch_dir}/lib/${file}")
endfunction()

glid_import_torch(c10 libc10.so)
glid_import_torch(cpu libtorch_cpu.so)
list(JOIN torch_include_options " " joined_include_options)
target_compile_options(torch::cpu INTERFACE $<$<COMPILE_LANGUAGE:CXX>:SHELL:${joined_include_options}>)
target_compile_definitions(torch::cpu INTERFACE USE_DISTRIBUTED USE_C10D_GLOO USE_RPC USE_TENSORPIPE)
target_link_libraries(torch::cpu INTERFACE torch::c10)
target_link_options(torch::cpu INTERFACE -Wl,--allow-shlib-undefined)

include(LibTorchChecks)
if(GLID_CUDA)
  include(LibTorchCuda)
endif()

add_library(glid_pch OBJECT "${PROJECT_SOURCE_DIR}/cmake/pch.cpp")
target_link_libraries(glid_pch PRIVATE glid_options torch::cpu)
if(GLID_PCH)
  target_precompile_headers(glid_pch PRIVATE "${PROJECT_SOURCE_DIR}/cmake/pch.h")
endif()
