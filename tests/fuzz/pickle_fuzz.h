// Input: a pickle.
#pragma once

#include <string_view>

#include "fuzz/law.h"
#include "glid/core/error.h"
#include "glid/formats/pickle.h"

namespace glid {

inline void fuzz_pickle(std::string_view bytes) {
  try {
    const Pickle pickle(bytes, "x");
    expect_law(pickle.num_bytes() <= bytes.size() && pickle.root() < pickle.num_values(), "it has a root");
    expect_law(pickle.num_values() <= 3 * bytes.size(), "every value has a byte");
    size_t num_items = 0;
    for (PickleId id = 0; id < pickle.num_values(); ++id) {
      const PickleKind kind = pickle.kind(id);
      if (kind == PickleKind::kText || kind == PickleKind::kBytes || kind == PickleKind::kBigInt) {
        const std::string_view text = pickle.text(id);
        expect_law(text.empty() || (text.data() >= bytes.data() && text.data() + text.size() <= bytes.data() + bytes.size()),
                   "texts lie in the pickle");
      } else if (kind >= PickleKind::kList) {
        for (const PickleId item : pickle.items(id)) expect_law(item < pickle.num_values(), "items are values");
        num_items += pickle.items(id).size();
        expect_law(kind != PickleKind::kDict || pickle.items(id).size() % 2 == 0, "dictionaries have pairs");
        expect_law(kind != PickleKind::kObject || pickle.items(id).size() == 3, "objects have class, arguments and state");
      }
    }
    expect_law(num_items <= 4 * bytes.size() + 1024, "memory is bounded");
  } catch (const DataError&) {}
}

}  // namespace glid
