// The one line of a DataError.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "glid/core/error.h"

namespace glid {

// Expects `read` to throw a DataError whose line holds every one of `parts`.
inline void expect_data_error(const std::function<void()>& read, const std::vector<std::string>& parts) {
  try {
    read();
    ADD_FAILURE() << "no error";
  } catch (const DataError& error) {
    const std::string line = error.what();
    for (const std::string& part : parts) EXPECT_THAT(line, testing::HasSubstr(part));
    EXPECT_EQ(line.find('\n'), std::string::npos) << line;
  }
}

}  // namespace glid
