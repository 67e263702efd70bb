#include "tensor_tree.h"

#include <algorithm>
#include <array>

#include "glid/core/format.h"
#include "glid/core/utf8.h"

namespace glid {
namespace {

constexpr size_t kMaxLevels = 100;
constexpr size_t kMaxText = 1000;  // characters of a key or of a text
constexpr size_t kMaxTexts = 10'000;
constexpr size_t kMaxBigInt = 64;  // bytes
constexpr size_t kTableBytes = 64;  // that a tensor is counted as beside its name: a bomb has many of two bytes each
constexpr std::string_view kBareTensor = "tensor";

// Of the two's complement of an integer.
std::string decimal(std::string_view bytes) {
  std::vector<uint8_t> digits(bytes.begin(), bytes.end());
  const bool negative = digits.back() & 0x80;
  unsigned carry = 1;
  for (uint8_t& digit : digits) {
    if (!negative) break;
    carry += static_cast<uint8_t>(~digit);
    digit = static_cast<uint8_t>(carry);
    carry >>= 8;
  }
  std::string text;
  while (std::any_of(digits.begin(), digits.end(), [](uint8_t digit) { return digit != 0; })) {
    unsigned rest = 0;
    for (size_t i = digits.size(); i-- > 0;) {
      rest = rest << 8 | digits[i];
      digits[i] = static_cast<uint8_t>(rest / 10);
      rest %= 10;
    }
    text += static_cast<char>('0' + rest);
  }
  if (negative) text += '-';
  return {text.rbegin(), text.rend()};
}

// Control characters would break the lines that names stand in.
bool is_name(std::string_view key) {
  return key.size() <= kMaxText &&
         std::none_of(key.begin(), key.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

// Walks a pickle without recursion. A value that stands in many places is met in each as long as the steps for that last;
// every value is met once at least. What goes beyond a bound is left out, as it seldom is what the file was written for.
class TensorTree {
 public:
  TensorTree(const Pickle& pickle, PickledTensors& tensors, TensorTable& table)
      : pickle_(pickle),
        tensors_(tensors),
        table_(table),
        met_(pickle.num_values()),
        repeated_steps_left_(4 * pickle.num_values() + 20'000),
        name_bytes_left_(16 * pickle.num_bytes() + (1 << 20)),
        again_name_bytes_left_(name_bytes_left_ / 2) {}

  void walk() {
    visit(pickle_.root(), false);
    while (!levels_.empty()) step();
  }

 private:
  struct Level {
    PickleId id = 0;
    size_t next = 0;
    size_t name_size = 0;
    bool is_object = false;  // `id` is its state
    bool nameless = false;   // some key above can't be part of a name
    bool is_again = false;   // it was met before
  };

  void step() {
    Level& level = levels_.back();
    const auto items = pickle_.items(level.id);
    if (level.next >= items.size()) {
      levels_.pop_back();
      return;
    }
    name_.resize(level.name_size);
    bool nameless = level.nameless;
    if (pickle_.is(level.id, PickleKind::kDict)) {
      nameless |= !append_key(items[level.next++], level);
    } else {
      append_part(std::to_string(level.next));
    }
    visit(items[level.next++], nameless);
  }

  // One long key may stand in many places, and before many tensors. False when the bytes for that are used up, of which what
  // is met again has half.
  bool take_name_bytes(size_t size, bool is_again) {
    if (size > name_bytes_left_ || (is_again && size > again_name_bytes_left_)) return false;
    name_bytes_left_ -= size;
    if (is_again) again_name_bytes_left_ -= size;
    return true;
  }

  // One name is enough for a report, and no other is copied.
  void leave_out() {
    if (table_.left_out.count++ == 0) table_.left_out.first = full_name();
  }

  std::string full_name() const { return name_.empty() ? std::string(kBareTensor) : name_; }

  // False for a key that is no part of a name.
  bool append_key(PickleId key, const Level& level) {
    if (pickle_.is(key, PickleKind::kInt)) return append_part(std::to_string(pickle_.integer(key))), true;
    if (!pickle_.is(key, PickleKind::kText) || !is_name(pickle_.text(key))) return false;
    // Attributes of a torch.nn.Module that its state_dict() doesn't show as levels
    for (const std::string_view hidden : {"_parameters", "_buffers", "_modules"})
      if (level.is_object && pickle_.text(key) == hidden) return true;
    if (!take_name_bytes(pickle_.text(key).size(), level.is_again)) return false;
    append_part(to_utf8(pickle_.text(key)));
    return true;
  }

  void append_part(const std::string& part) {
    if (!name_.empty()) name_ += '.';
    name_ += part;
  }

  void visit(PickleId id, bool nameless) {
    switch (pickle_.kind(id)) {
      case PickleKind::kDict:
      case PickleKind::kList:
      case PickleKind::kTuple: enter(id, nameless, false); break;
      case PickleKind::kObject: visit_object(id, nameless); break;
      default:
        if (!nameless) add_text(id);
    }
  }

  void visit_object(PickleId id, bool nameless) {
    std::optional<TensorInfo> tensor;
    const bool is_again = met_[id];
    if (tensors_.read(id, is_again, tensor)) {
      if (!tensor || nameless || !take_steps(id, 1) || !add_tensor(*std::move(tensor), is_again)) leave_out();
      return;
    }
    const PickleId state = pickle_.items(id)[2];
    if (pickle_.is(state, PickleKind::kDict)) enter(state, nameless, true);
  }

  // What holds itself is met once.
  void enter(PickleId id, bool nameless, bool is_object) {
    for (const Level& level : levels_)
      if (level.id == id) return;
    const bool is_again = met_[id];
    if (levels_.size() == kMaxLevels || !take_steps(id, pickle_.items(id).size() + 1)) return leave_out();
    levels_.push_back(
        {.id = id, .name_size = name_.size(), .is_object = is_object, .nameless = nameless, .is_again = is_again});
  }

  // Whether a value is met for the first time, or there are so many steps for others.
  bool take_steps(PickleId id, size_t steps) {
    if (met_[id] && steps > repeated_steps_left_) return false;
    if (met_[id]) repeated_steps_left_ -= steps;
    met_[id] = true;
    return true;
  }

  // False where another one has the name: {1: a, "1": b}.
  bool add_tensor(TensorInfo tensor, bool is_again) {
    if (!take_name_bytes(name_.size() + kTableBytes, is_again)) return false;
    const std::string name = full_name();
    if (!table_.tensors.emplace(name, std::move(tensor)).second) return false;
    table_.names.push_back(name);
    return true;
  }

  void add_text(PickleId id) {
    if (table_.metadata.size() == kMaxTexts || name_.empty() || name_.size() > kMaxText) return;
    const std::string text = text_of(id);
    if (!text.empty()) table_.metadata.emplace(name_, text);
  }

  // Empty for what is neither a text nor a number, or too long.
  std::string text_of(PickleId id) const {
    switch (pickle_.kind(id)) {
      case PickleKind::kBool: return pickle_.integer(id) ? "true" : "false";
      case PickleKind::kInt: return std::to_string(pickle_.integer(id));
      case PickleKind::kBigInt: return pickle_.text(id).size() > kMaxBigInt ? "" : decimal(pickle_.text(id));
      case PickleKind::kDouble: return format("{}", pickle_.real(id));
      case PickleKind::kText: return pickle_.text(id).size() > kMaxText ? "" : to_utf8(pickle_.text(id));
      default: return "";
    }
  }

  const Pickle& pickle_;
  PickledTensors& tensors_;
  TensorTable& table_;
  std::vector<Level> levels_;
  std::string name_;
  std::vector<bool> met_;       // by value
  size_t repeated_steps_left_;  // in values that were met before
  size_t name_bytes_left_, again_name_bytes_left_;
};

}  // namespace

void add_tensors(const Pickle& pickle, const PickledTensors::FindStorage& find_storage, uint64_t file_bytes,
                 const std::string& where, TensorTable& table) {
  PickledTensors tensors(pickle, find_storage, file_bytes, where);
  TensorTree(pickle, tensors, table).walk();
  table.owners.insert(table.owners.end(), tensors.owners().begin(), tensors.owners().end());
}

}  // namespace glid
