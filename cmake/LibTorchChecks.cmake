# What must hold before anything is compiled against torch_dir: version, whose headers win, ABI. Done once for a folder.
if(NOT GLID_TORCH_CHECKED STREQUAL torch_dir)
  file(STRINGS "${torch_dir}/include/torch/headeronly/version.h" version_lines REGEX "define TORCH_VERSION_(MAJOR|MINOR) ")
  string(REGEX REPLACE ".*MAJOR ([0-9]+).*MINOR ([0-9]+).*" "\\1.\\2" found_version "${version_lines}")
  if(NOT found_version STREQUAL GLID_TORCH_VERSION)
    message(FATAL_ERROR "${torch_dir} holds torch ${found_version}, but GLID needs ${GLID_TORCH_VERSION}: give -DGLID_LIBTORCH=DIR of that version")
  endif()

  # -idirafter lets every header of the system win, those of another torch (Debian's libtorch-dev) too.
  set(probe "${CMAKE_BINARY_DIR}/CMakeFiles/torch_headers.cpp")
  file(WRITE "${probe}" "#include <c10/macros/Macros.h>\n#include <ATen/core/ATen_fwd.h>\n#include <torch/headeronly/version.h>\n")
  execute_process(COMMAND "${CMAKE_CXX_COMPILER}" -std=c++20 ${torch_include_options} -M "${probe}"
                  OUTPUT_VARIABLE torch_headers RESULT_VARIABLE probe_rc ERROR_VARIABLE probe_error)
  string(REGEX MATCHALL "[^ \n]+/(c10|ATen|torch)/[^ \n]+" torch_headers "${torch_headers}")
  list(FILTER torch_headers EXCLUDE REGEX "^${torch_dir}/include/")
  if(NOT probe_rc EQUAL 0 OR torch_headers)
    list(APPEND torch_headers "(none)")
    list(GET torch_headers 0 other_header)
    message(FATAL_ERROR "The compiler does not take torch's headers from ${torch_dir}/include; headers of another torch: ${other_header} "
                        "(on Debian remove libtorch-dev)\n${probe_error}")
  endif()

  # c10::demangle returns a std::string: its symbol exists only with the C++11 ABI that distributions use.
  file(WRITE "${probe}" "#include <c10/util/Type.h>\nint main() { return c10::demangle(\"i\").empty(); }\n")
  try_compile(torch_links "${CMAKE_BINARY_DIR}/CMakeFiles/torch_links" "${probe}"
              COMPILE_DEFINITIONS ${torch_include_options} LINK_LIBRARIES "${torch_dir}/lib/libc10.so"
              CXX_STANDARD 20 OUTPUT_VARIABLE probe_error)
  if(NOT torch_links)
    message(FATAL_ERROR "${torch_dir}/lib/libc10.so does not link with ${CMAKE_CXX_COMPILER}: it must be built with the C++11 ABI "
                        "(_GLIBCXX_USE_CXX11_ABI=1), as the official wheel is\n${probe_error}")
  endif()
  set(GLID_TORCH_CHECKED "${torch_dir}" CACHE INTERNAL "The LibTorch that passed the checks")
endif()
