// What the loader does to a photograph for pre-training at 192 px, decoded whole and in part, on one thread: the images of
// the folder in GLID_BENCH_IMAGES, one an iteration. scripts/parity/bench_loader.py makes such a folder and runs Pillow beside it.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>

#include "glid/data/image_folder.h"
#include "glid/data/only_images.h"
#include "glid/data/partly_read.h"
#include "glid/data/transforms.h"

namespace glid {
namespace {

constexpr int64_t kSizePx = 192;

std::shared_ptr<const Dataset> photographs() {
  const char* folder = std::getenv("GLID_BENCH_IMAGES");
  return only_images(std::make_shared<ImageFolder>(open_folder(folder ? folder : ".", Split::kTrain)));
}

Box part_of(int64_t height, int64_t width, const SampleKey& key) {
  const auto crop = std::get<CropBox>(pretraining_placement(height, width, key, kSizePx).steps().at(0).operation);
  const auto left = static_cast<double>(crop.left), top = static_cast<double>(crop.top);
  return {left, top, left + static_cast<double>(crop.width), top + static_cast<double>(crop.height)};
}

void load(benchmark::State& state, bool in_part) {
  const auto whole = photographs();
  const PartlyRead partly(whole, part_of);
  int64_t i = 0;
  for ([[maybe_unused]] auto _ : state) {
    const SampleKey key{0, i / whole->size(), i % whole->size()};
    const Sample sample = in_part ? partly.get(key) : whole->get(key.id);
    const Placement placement = pretraining_placement(sample.image.height, sample.image.width, key, kSizePx);
    benchmark::DoNotOptimize(place_image(sample.image, placement, Filter::kBicubic).pixels.data());
    ++i;
  }
}

BENCHMARK_CAPTURE(load, whole, false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(load, part, true)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace glid

BENCHMARK_MAIN();
