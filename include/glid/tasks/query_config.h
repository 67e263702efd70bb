// Learned queries and the heads that read them: keys of every task that has them.
#pragma once

#include <vector>

#include "glid/config/fields.h"
#include "glid/model/glid.h"

namespace glid {

struct QueryConfig {
  QueryInit query_init = QueryInit::kZero;
  double query_init_std = 1;
  int64_t head_layers = 1;

  template <class V>
  void fields(V& v) {
    v("query_init", query_init, "the learned queries e at the start");
    v("query_init_std", query_init_std, "deviation of query_init: normal", config::positive());
    v("head_layers", head_layers, "of the heads of boxes, masks and embeddings: 1 is the paper's, 3 an MLP as in DETR",
      config::in_range(1, 3));
  }
  // `groups`: counts of queries that have grids of their own.
  DecoderQueries of(std::vector<int64_t> groups) const {
    return {.learned = std::move(groups), .init = query_init, .init_std = query_init_std};
  }
};

}  // namespace glid
