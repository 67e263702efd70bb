// Answers scripts/parity/depth.py: a case a line, and a line of what the task makes of it.
#include "support/depth_case.h"

int main() { return glid::answer_cases(glid::depth_losses); }
