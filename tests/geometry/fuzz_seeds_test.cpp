#include "fuzz/polygon_fuzz.h"
#include "fuzz/replay.h"
#include "fuzz/rle_fuzz.h"

namespace glid {
namespace {

TEST(FuzzSeeds, Rle) { replay_seeds("rle", fuzz_rle); }

TEST(FuzzSeeds, Polygon) { replay_seeds("polygon", fuzz_polygon); }

}  // namespace
}  // namespace glid
