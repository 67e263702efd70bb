#include "glid/viz/label.h"

#include <gtest/gtest.h>

#include "glid/viz/class_colors.h"

namespace glid {
namespace {

TEST(Label, LatinLettersLoseTheirAccents) {
  EXPECT_EQ(drawable_text("traffic light"), "traffic light");
  EXPECT_EQ(drawable_text("\u00e9cole, \u0141\u00f3d\u017a, Stra\u00dfe, \u00c6r\u00f8"), "ecole, Lodz, Strasse, AEro");
  EXPECT_EQ(drawable_text("e\u0301cole"), "ecole") << "a letter and its accent apart";
  EXPECT_EQ(drawable_text("\u201ccat\u201d \u2013 dog\u2019s"), "\"cat\" - dog's");
}

TEST(Label, ARunOfOtherScriptsIsOneUnderscore) {
  EXPECT_EQ(drawable_text("/data/\u4eba\u7269/7.jpg"), "/data/_/7.jpg");
  EXPECT_EQ(drawable_text("\xff"), "\\xFF") << "no UTF-8";
  EXPECT_EQ(drawable_text("a\nb"), "a?b") << "no second line";
}

TEST(Label, AClassThatCannotBeSpeltIsCalledByItsNumber) {
  EXPECT_EQ(class_label("caf\u00e9", 4), "cafe");
  EXPECT_EQ(class_label("\u732b", 17), "class 17");
  EXPECT_EQ(class_label("cat \u732b", 17), "class 17");
  EXPECT_EQ(class_label("", 0), "class 0");
}

TEST(Label, AnAccentChangesNoPixel) {
  EXPECT_EQ(color_legend({{"\u00e9cole", {1, 2, 3}}}, 200), color_legend({{"ecole", {1, 2, 3}}}, 200));
}

}  // namespace
}  // namespace glid
