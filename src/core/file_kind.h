// Files that have no content of their own.
#pragma once

#include <filesystem>

namespace glid {

// A device, a pipe, a socket.
inline bool is_stream(std::filesystem::file_type type) {
  using std::filesystem::file_type;
  return type == file_type::fifo || type == file_type::character || type == file_type::block || type == file_type::socket;
}

}  // namespace glid
