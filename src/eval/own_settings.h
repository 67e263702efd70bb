// What of a protocol's settings a user replaced, for the line of rules in a report.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "glid/config/value.h"
#include "glid/core/format.h"

namespace glid {

class OwnSettings {
 public:
  // One that is absent, or the same as the protocol's, changes nothing.
  template <class T>
  void add(std::string_view key, const std::optional<T>& given, const T& of_protocol) {
    if (!given || *given == of_protocol) return;
    text_ +=
        format("{} eval.{} = {}", text_.empty() ? "; with settings of yours:" : ",", key, config::Value<T>::write(*given));
  }

  // To be appended; empty where nothing was replaced.
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace glid
