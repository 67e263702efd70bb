// Some samples of a data set (no LibTorch).
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "glid/data/dataset.h"

namespace glid {

// The samples `ids`, ascending, numbered anew.
std::shared_ptr<const AnnotatedDataset> samples_of(std::shared_ptr<const AnnotatedDataset> dataset,
                                                   std::vector<int64_t> ids);

// The samples that `keep` wants, by what is known about them, in their order and numbered anew; the set itself when `keep`
// is empty. `keep` is called by several threads. A sample whose targets can't be read is kept: the loader counts it as a bad
// file. Logs how many are left; throws DataError when none is.
std::shared_ptr<const AnnotatedDataset> filtered(std::shared_ptr<const AnnotatedDataset> dataset,
                                                 const std::function<bool(const Targets&)>& keep);

// How many images a part of 0 < fraction <= 1 of them has: rounded down, at least one.
int64_t images_of_fraction(int64_t images, double fraction);

// Some of the images, drawn by `seed`, each with all of its samples: what a smaller fraction has is part of what a larger
// one has. In their order and numbered anew; the set itself when `fraction` is 1. Logs how many they are.
std::shared_ptr<const AnnotatedDataset> fraction_of(std::shared_ptr<const AnnotatedDataset> dataset, double fraction,
                                                    uint64_t seed);

}  // namespace glid
