// Answers scripts/parity/detection.py: a case a line, and a line of its losses.
#include "support/detection_case.h"

int main() { return glid::answer_cases(glid::detection_losses); }
