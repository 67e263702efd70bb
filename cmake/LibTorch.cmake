# Imported targets for the official torch 2.11.0 wheel:
#   torch::c10   libc10       torch::cpu   libtorch_cpu + headers + c10d definitions       torch::cuda   (GLID_CUDA only) libtorch_cuda
# Found in -DGLID_LIBTORCH=DIR (a folder with lib/ and include/), else fetched once by scripts/fetch_libtorch.sh.
set(GLID_TORCH_VERSION 2.11.0)

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
    message(FATAL_ERROR "scripts/fetch_libtorch.sh could not fetch torch ${GLID_TORCH_VERSION}: see the lines above, or give -DGLID_LIBTORCH=DIR")
  endif()
endif()

foreach(needed lib/libtorch_cpu.so lib/libc10.so include/ATen/core/Tensor.h)
  if(NOT EXISTS "${torch_dir}/${needed}")
    message(FATAL_ERROR "${torch_dir}/${needed} is missing: GLID_LIBTORCH must name a torch ${GLID_TORCH_VERSION} folder with lib/ and include/")
  endif()
endforeach()

function(glid_import_torch name file)
  add_library(torch::${name} SHARED IMPORTED GLOBAL)
  set_target_properties(torch::${name} PROPERTIES IMPORTED_LOCATION "${torch_dir}/lib/${file}" IMPORTED_NO_SONAME OFF)
endfunction()

glid_import_torch(c10 libc10.so)
glid_import_torch(cpu libtorch_cpu.so)
# -idirafter: torch/include also holds fmt v12, which must not shadow the distribution's fmt that spdlog was built with.
target_compile_options(torch::cpu INTERFACE
  "SHELL:-idirafter ${torch_dir}/include" "SHELL:-idirafter ${torch_dir}/include/torch/csrc/api/include")
target_compile_definitions(torch::cpu INTERFACE USE_DISTRIBUTED USE_C10D_GLOO USE_RPC USE_TENSORPIPE)
target_link_libraries(torch::cpu INTERFACE torch::c10)
target_link_options(torch::cpu INTERFACE -Wl,--allow-shlib-undefined -Wl,--disable-new-dtags)

add_library(glid_pch OBJECT "${PROJECT_SOURCE_DIR}/cmake/pch.cpp")
target_link_libraries(glid_pch PRIVATE glid_options torch::cpu)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT CMAKE_CXX_CLANG_TIDY)
  target_precompile_headers(glid_pch PRIVATE "${PROJECT_SOURCE_DIR}/cmake/pch.h")
endif()
