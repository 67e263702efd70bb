#include "glid/config/fields.h"

namespace glid::config {
namespace {

class KeyCollector final : public Visitor {
 public:
  void value(const Field& field) override { add(field.name); }
  void enter(std::string_view name, std::string_view) override {
    add(name);
    ++depth_;
  }
  void leave() override { --depth_; }
  std::vector<size_t> choose(const Choice& choice) override {
    add(choice.name);
    return {choice.current};
  }

  std::vector<std::string> keys;

 private:
  void add(std::string_view name) {
    if (depth_ == 0) keys.emplace_back(name);
  }

  int depth_ = 0;
};

}  // namespace

std::vector<std::string> top_level_keys(const VisitStruct& visit_struct) {
  KeyCollector collector;
  visit_struct(collector);
  return collector.keys;
}

}  // namespace glid::config
