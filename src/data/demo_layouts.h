// How one split of the demo is written in each layout.
#pragma once

#include <filesystem>
#include <memory>

#include "glid/data/make_demo.h"
#include "glid/data/scenes.h"

namespace glid {

// Makes its folders at once. write() takes the scenes in any order from many threads, each once.
class LayoutWriter {
 public:
  virtual ~LayoutWriter() = default;
  virtual void write(const Sample& scene) = 0;
  // After the last scene.
  virtual void finish() {}
};

// For the scenes of the split.
std::unique_ptr<LayoutWriter> make_layout_writer(DemoLayout layout, const std::filesystem::path& root, Split split,
                                                 const Scenes& scenes);

}  // namespace glid
