// The bar that all programs draw on terminals (log_status()).
#pragma once

#include <cstdint>
#include <string>

namespace glid {

// "[########            ] 40/100" with 30 places; total > 0.
std::string progress_bar(int64_t done, int64_t total);

}  // namespace glid
