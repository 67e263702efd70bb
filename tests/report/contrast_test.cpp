// Words on the page are told from their ground by those who see poorly: WCAG 2.2's success criterion 1.4.3, computed from
// the page's own colours.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <map>
#include <regex>

#include "glid/report/report_page.h"
#include "written_runs.h"

namespace glid {
namespace {

using Colors = std::map<std::string, std::string>;  // "--text" -> "1b1e23"

// Those of the n-th rule for :root: the first is for light systems, the second for dark ones.
Colors colors_of(const std::string& page, int n) {
  const std::regex rule(":root \\{([^}]*)\\}"), color("(--[a-z]+): #([0-9a-f]+);");
  std::sregex_iterator found(page.begin(), page.end(), rule);
  for (int i = 0; i < n && found != std::sregex_iterator(); ++i) ++found;
  Colors colors;
  if (found == std::sregex_iterator()) return colors;
  const std::string body = (*found)[1];
  for (std::sregex_iterator one(body.begin(), body.end(), color), end; one != end; ++one) colors[(*one)[1]] = (*one)[2];
  return colors;
}

// Relative luminance of "1b1e23" or "fff".
double luminance(const std::string& hex) {
  const size_t digits = hex.size() / 3;
  std::array<double, 3> linear{};
  for (size_t i = 0; i < 3; ++i) {
    std::string part = hex.substr(i * digits, digits);
    if (digits == 1) part += part;
    const double value = std::stoi(part, nullptr, 16) / 255.;
    linear[i] = value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
  }
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
}

double contrast(const std::string& a, const std::string& b) {
  const auto [low, high] = std::minmax({luminance(a), luminance(b)});
  return (high + 0.05) / (low + 0.05);
}

TEST(Contrast, IsWcags) {
  EXPECT_DOUBLE_EQ(contrast("000", "ffffff"), 21);
  EXPECT_NEAR(contrast("777777", "ffffff"), 4.48, 0.005);  // the grey that just fails
}

TEST(Contrast, OfAllWordsIsFourAndAHalfInLightAndDark) {
  const TemporaryFolder folder;
  const std::string page = report_page({read_run(write_run(folder.path() / "a", {}))});
  for (const int n : {0, 1}) {
    const Colors colors = colors_of(page, n);
    for (const char* word : {"--text", "--soft", "--link", "--better", "--worse"})
      for (const char* ground : {"--back", "--box"}) {
        ASSERT_TRUE(colors.contains(word) && colors.contains(ground)) << word << " " << ground;
        EXPECT_GE(contrast(colors.at(word), colors.at(ground)), 4.5) << word << " on " << ground << (n == 1 ? ", dark" : "");
      }
  }
}

// No words have a colour beside those.
TEST(Contrast, WordsHaveTheColorsOfTheirNames) {
  const TemporaryFolder folder;
  const std::string page = report_page({read_run(write_run(folder.path() / "a", {}))});
  const std::string style = page.substr(page.find("<style>"), page.find("</style>") - page.find("<style>"));
  const std::regex color("[ {;](color|fill): *([^;}]*)");
  for (std::sregex_iterator one(style.begin(), style.end(), color), end; one != end; ++one) {
    const std::string value = (*one)[2];
    const bool is_line = value == "none" || value.starts_with("rgb(");  // of dots
    EXPECT_TRUE(is_line || value.starts_with("var(--")) << (*one)[0];
  }
}

}  // namespace
}  // namespace glid
