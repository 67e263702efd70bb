# Imported targets for the official torch 2.11.0 wheel in the folder torch_dir, in our build and after find_package(glid):
#   torch::c10   libc10       torch::cpu   libtorch_cpu + headers + c10d definitions
# torch_library_dirs is where programs find what they need. The wheels' libraries come first: their libcudart must win over the toolkit's.
get_filename_component(torch_site "${torch_dir}" DIRECTORY)
file(GLOB torch_library_dirs "${torch_dir}/lib" "${torch_site}/nvidia/*/lib")
list(SORT torch_library_dirs)
list(REMOVE_ITEM torch_library_dirs "${torch_dir}/lib")
list(PREPEND torch_library_dirs "${torch_dir}/lib")

# -idirafter: torch/include also holds fmt v12, which must not shadow the distribution's fmt that spdlog was built with.
set(torch_include_options -idirafter "${torch_dir}/include" -idirafter "${torch_dir}/include/torch/csrc/api/include")

function(glid_import_torch name file)
  add_library(torch::${name} SHARED IMPORTED GLOBAL)
  set_target_properties(torch::${name} PROPERTIES IMPORTED_LOCATION "${torch_dir}/lib/${file}")
endfunction()

glid_import_torch(c10 libc10.so)
glid_import_torch(cpu libtorch_cpu.so)
list(TRANSFORM torch_include_options REPLACE "(.+)" "\"\\1\"" OUTPUT_VARIABLE quoted_include_options)  # folders may have blanks
list(JOIN quoted_include_options " " joined_include_options)
target_compile_options(torch::cpu INTERFACE $<$<COMPILE_LANGUAGE:CXX>:SHELL:${joined_include_options}>)
target_compile_definitions(torch::cpu INTERFACE USE_DISTRIBUTED USE_C10D_GLOO USE_RPC USE_TENSORPIPE)
target_link_libraries(torch::cpu INTERFACE torch::c10)
target_link_options(torch::cpu INTERFACE -Wl,--allow-shlib-undefined)
