// What ranks have left with the launcher.
#pragma once

#include <filesystem>
#include <string>

namespace glid {

// "read runs/a/log.txt, and what the ranks did last: runs/a/flight_rank1.json, ..", that of rank `first` before
// the others; empty where the ranks have left no word.
std::string what_to_read(const std::filesystem::path& store_file, int num_ranks, int first);

}  // namespace glid
