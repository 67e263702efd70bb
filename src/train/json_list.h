// Lists of numbers and texts as JSON.
#pragma once

#include <iterator>

#include "glid/core/json.h"

namespace glid {

Json list_of(const auto& items) { return Json::Array(std::begin(items), std::end(items)); }

}  // namespace glid
