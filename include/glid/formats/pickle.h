// Pickles of protocol 2 to 5, read without running anything: what a class or a function of Python would have made stays an
// inert object. Opcodes: CPython's Lib/pickletools.py.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace glid {

enum class PickleKind : uint8_t {
  kNone,
  kBool,
  kInt,
  kBigInt,  // of more than 64 bits
  kDouble,
  kText,
  kBytes,
  kList,
  kTuple,
  kSet,
  kDict,        // subclasses too: OrderedDict, defaultdict
  kGlobal,      // a class or function, by its name
  kObject,      // what a class or function would have made
  kPersistent,  // what the program that wrote the pickle keeps elsewhere
};

// Values are numbered. Lists, dictionaries and objects may contain themselves, and one value may stand in many places: who
// walks them must bound the steps.
using PickleId = uint32_t;

// The text must outlive it. Memory stays within a hundred times the pickle's size, and within 1 GB.
class Pickle {
 public:
  // Reads the pickle at the beginning of `bytes`. Throws DataError naming `where` when it is truncated or damaged.
  Pickle(std::string_view bytes, const std::string& where);

  // What follows in the text begins here.
  size_t num_bytes() const { return num_bytes_; }
  // All values have numbers below it, those that nothing refers to as well.
  size_t num_values() const { return values_.size(); }
  PickleId root() const { return root_; }

  PickleKind kind(PickleId id) const { return values_[id].kind; }
  bool is(PickleId id, PickleKind kind) const { return values_[id].kind == kind; }
  // Of kBool and kInt.
  int64_t integer(PickleId id) const { return values_[id].integer; }
  // Of kDouble.
  double real(PickleId id) const { return values_[id].real; }
  // Of kText and kBytes, and of kBigInt the bytes of its two's complement, the lowest first. Texts should be UTF-8 and are
  // not checked.
  std::string_view text(PickleId id) const { return {values_[id].text, values_[id].size}; }
  // Of kList, kTuple and kSet the elements; of kDict key, value, key, value ...; of kGlobal module and name; of kObject the
  // class, the arguments and the state (None where it has none); of kPersistent what it is known by.
  std::span<const PickleId> items(PickleId id) const { return {items_.data() + values_[id].first, values_[id].size}; }
  // Whether it is the class or function of this name: "collections.OrderedDict".
  bool is_global(PickleId id, std::string_view name) const;

 private:
  friend class PickleBuilder;

  struct Value {
    PickleKind kind = PickleKind::kNone;
    uint32_t first = 0;     // of its items
    uint32_t capacity = 0;  // of its items
    size_t size = 0;        // of its items or of its text
    union {
      int64_t integer = 0;
      double real;
      const char* text;
    };
  };

  std::vector<Value> values_;
  std::vector<PickleId> items_;  // of all values
  PickleId root_ = 0;
  size_t num_bytes_ = 0;
};

}  // namespace glid
