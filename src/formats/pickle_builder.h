// The values of a pickle as its opcodes make them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "glid/formats/pickle.h"

namespace glid {

inline constexpr size_t kMaxPickleValues = size_t{1} << 23;  // in a pickle, and on its stack

// Throws DataError naming `where` for values that don't fit each other, and for too many.
class PickleBuilder {
 public:
  using Ids = std::span<const PickleId>;  // none of the pickle's own

  PickleBuilder(Pickle& pickle, size_t num_bytes, const std::string& where);

  [[noreturn]] void fail(const std::string& what, const std::string& value = {}, const std::string& hint = {}) const;
  [[noreturn]] void fail_too_many() const;

  PickleId make(PickleKind kind);
  PickleId make_text(PickleKind kind, std::string_view text);
  PickleId make_int(PickleKind kind, int64_t integer);
  PickleId make_double(double real);
  PickleId make_items(PickleKind kind, Ids items);
  // An integer in two's complement, of any length.
  PickleId make_long(std::string_view bytes);
  PickleId make_object(PickleId made_by, PickleId arguments);
  // A dictionary or list of its own class is made as an object, and shows what it is when it gets its items.
  void extend(PickleKind kind, PickleId to, Ids items);
  // What has items keeps no state: that of a dictionary of parameters is _metadata.
  void set_state(PickleId of, PickleId state);
  void set_root(PickleId root, size_t num_bytes);
  bool is(PickleId id, PickleKind kind) const { return pickle_.is(id, kind); }

 private:
  // `items` are none of the pickle's own.
  void append(PickleId to, Ids items);
  // To a place with more room.
  void move_items(Pickle::Value& value, size_t capacity);
  // The arguments of a dictionary may be one list of its pairs, as Python 2 writes an OrderedDict.
  PickleId make_dict(PickleId arguments);

  Pickle& pickle_;
  const std::string& where_;
  size_t max_items_;  // with room that lists left behind as they grew
};

}  // namespace glid
