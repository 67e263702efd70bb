// Which images were evaluated, so that reports of different ones are not compared (no LibTorch).
#pragma once

#include <set>
#include <string>

#include "glid/data/dataset.h"
#include "glid/metrics/bootstrap.h"

namespace glid {

// An image's name among files, without extension; sorts as the ids do.
std::string stem_of(const ImageId& id);

// 16 hexadecimal digits of the images' names (stem_of), as text: numbers of that size lose digits in most JSON readers.
// The same for files and for the model that wrote them. Sets whose images have no ids count them from 0: theirs are alike
// where as many were evaluated.
std::string image_hash(const std::set<std::string>& stems);
// The same of the names of keys.
std::string hash_of_names(const ImageNames& names);

}  // namespace glid
