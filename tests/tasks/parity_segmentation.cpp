// Answers scripts/parity/segmentation.py: a case a line, and a line of its losses.
#include "support/segmentation_case.h"

int main() { return glid::answer_cases(glid::segmentation_losses); }
