// Bytes in the letters of RFC 4648, as data: links have them.
#pragma once

#include <string>
#include <string_view>

namespace glid {

std::string base64(std::string_view bytes);

}  // namespace glid
