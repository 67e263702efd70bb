// The images of a data set of files, whatever its annotations (no LibTorch).
#pragma once

#include <memory>

#include "glid/data/dataset.h"

namespace glid {

// The same samples, of which nothing but the file name() is read: they have no targets, and an annotation that can't be read
// or is of another size than its image keeps no image away.
std::shared_ptr<const AnnotatedDataset> only_images(std::shared_ptr<const AnnotatedDataset> all);

}  // namespace glid
