// Some samples of a data set (no LibTorch).
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "glid/data/dataset.h"

namespace glid {

// The samples that `keep` wants, by what is known about them, in their order and numbered anew; the set itself when `keep`
// is empty. A sample whose targets can't be read is kept: the loader counts it as a bad file. Logs how many are left; throws
// DataError when none is.
std::shared_ptr<const AnnotatedDataset> filtered(std::shared_ptr<const AnnotatedDataset> dataset,
                                                 const std::function<bool(const Targets&)>& keep);

}  // namespace glid
