#include "pickle_builder.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "glid/core/error.h"

namespace glid {
namespace {

static_assert(std::endian::native == std::endian::little, "the numbers are little-endian");

constexpr size_t kMaxItems = size_t{1} << 25;

constexpr std::array<std::string_view, 4> kDictClasses = {"collections.OrderedDict", "collections.defaultdict",
                                                          "builtins.dict", "__builtin__.dict"};

}  // namespace

// An item is on the stack before, which takes a byte; lists leave no more than their size behind as they grow.
PickleBuilder::PickleBuilder(Pickle& pickle, size_t num_bytes, const std::string& where)
    : pickle_(pickle), where_(where), max_items_(std::min(4 * num_bytes + 1024, kMaxItems)) {}

void PickleBuilder::fail(const std::string& what, const std::string& value, const std::string& hint) const {
  throw DataError(where_, what, value, hint);
}

void PickleBuilder::fail_too_many() const { fail("is a pickle of too many values"); }

void PickleBuilder::set_root(PickleId root, size_t num_bytes) {
  pickle_.root_ = root;
  pickle_.num_bytes_ = num_bytes;
}

PickleId PickleBuilder::make(PickleKind kind) {
  if (pickle_.values_.size() == kMaxPickleValues) fail_too_many();
  Pickle::Value value;
  value.kind = kind;
  pickle_.values_.push_back(value);
  return static_cast<PickleId>(pickle_.values_.size() - 1);
}

PickleId PickleBuilder::make_text(PickleKind kind, std::string_view text) {
  const PickleId id = make(kind);
  pickle_.values_[id].text = text.data();
  pickle_.values_[id].size = text.size();
  return id;
}

PickleId PickleBuilder::make_int(PickleKind kind, int64_t integer) {
  const PickleId id = make(kind);
  pickle_.values_[id].integer = integer;
  return id;
}

PickleId PickleBuilder::make_double(double real) {
  const PickleId id = make(PickleKind::kDouble);
  pickle_.values_[id].real = real;
  return id;
}

PickleId PickleBuilder::make_items(PickleKind kind, Ids items) {
  const PickleId id = make(kind);
  append(id, items);
  return id;
}

void PickleBuilder::append(PickleId to, Ids items) {
  Pickle::Value& value = pickle_.values_[to];
  const size_t size = value.size + items.size();
  if (size > value.capacity) move_items(value, std::max<size_t>(size, 2 * size_t{value.capacity}));
  std::copy(items.begin(), items.end(), pickle_.items_.begin() + value.first + static_cast<ptrdiff_t>(value.size));
  value.size = size;
}

void PickleBuilder::move_items(Pickle::Value& value, size_t capacity) {
  std::vector<PickleId>& all = pickle_.items_;
  const size_t first = all.size();
  if (first + capacity > max_items_) fail_too_many();
  all.resize(first + capacity);
  std::copy_n(all.begin() + value.first, value.size, all.begin() + static_cast<ptrdiff_t>(first));
  value.first = static_cast<uint32_t>(first);
  value.capacity = static_cast<uint32_t>(capacity);
}

PickleId PickleBuilder::make_long(std::string_view bytes) {
  if (bytes.size() > sizeof(int64_t)) return make_text(PickleKind::kBigInt, bytes);
  const bool negative = !bytes.empty() && static_cast<signed char>(bytes.back()) < 0;
  int64_t value = negative ? -1 : 0;
  std::memcpy(&value, bytes.data(), bytes.size());
  return make_int(PickleKind::kInt, value);
}

PickleId PickleBuilder::make_object(PickleId made_by, PickleId arguments) {
  for (const std::string_view name : kDictClasses)
    if (pickle_.is_global(made_by, name)) return make_dict(arguments);
  const PickleId none = make(PickleKind::kNone);
  return make_items(PickleKind::kObject, std::array{made_by, arguments, none});
}

PickleId PickleBuilder::make_dict(PickleId arguments) {
  const PickleId dict = make(PickleKind::kDict);
  if (!pickle_.is(arguments, PickleKind::kTuple) || pickle_.items(arguments).size() != 1) return dict;
  const PickleId pairs = pickle_.items(arguments)[0];
  if (!pickle_.is(pairs, PickleKind::kList)) return dict;
  for (size_t i = 0; i < pickle_.items(pairs).size(); ++i) {
    const PickleId pair = pickle_.items(pairs)[i];
    const bool fits = pickle_.is(pair, PickleKind::kList) || pickle_.is(pair, PickleKind::kTuple);
    if (!fits || pickle_.items(pair).size() != 2) fail("is damaged: a dictionary of other things than pairs");
    append(dict, std::array{pickle_.items(pair)[0], pickle_.items(pair)[1]});
  }
  return dict;
}

void PickleBuilder::extend(PickleKind kind, PickleId to, Ids items) {
  Pickle::Value& value = pickle_.values_[to];
  if (value.kind == PickleKind::kObject) {
    value.kind = kind;
    value.size = 0;
  }
  if (value.kind != kind) fail("is damaged: a pickle that puts items into what has none");
  append(to, items);
}

void PickleBuilder::set_state(PickleId of, PickleId state) {
  const PickleKind kind = pickle_.kind(of);
  if (kind == PickleKind::kObject) pickle_.items_[pickle_.values_[of].first + 2] = state;
  else if (kind != PickleKind::kDict && kind != PickleKind::kList && kind != PickleKind::kSet)
    fail("is damaged: a pickle that gives a state to what has none");
}

}  // namespace glid
