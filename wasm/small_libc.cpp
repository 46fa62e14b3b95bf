// Functions of the C library that the JSON library and Embind call, in place of ones that would be a twelfth of the
// download. The linker puts them there (--wrap in CMakeLists.txt).
#include <cstddef>
#include <cstdint>

namespace {

double power_of_ten(int exponent) {
  double power = 1;
  for (; exponent > 0; --exponent) power *= 10;
  return power;
}

}  // namespace

extern "C" {

// The JSON library prints into its own error messages, which nobody sees: ours name the place instead.
int __wrap_snprintf(char* target, size_t size, const char*, ...) {
  if (size > 0) *target = '\0';
  return 0;
}

// Embind prints the address of a type that nobody registered, for a message. Every type here is registered.
int __wrap_siprintf(char* target, const char*, ...) {
  *target = '\0';
  return 0;
}

// What JSON calls a number: [-]digits[.digits][(e|E)[+-]digits]. Eighteen digits are kept and the rest counted, and each
// step of 10^22 rounds once: a result of usual size is within two units in the last place of a double, and every number of a
// model's files becomes a float32 in the end.
double __wrap_strtod(const char* text, char** end) {
  const bool negative = *text == '-';
  if (negative) ++text;
  uint64_t digits = 0;
  int exponent = 0;
  bool point = false;
  for (;; ++text) {
    if (*text == '.' && !point) {
      point = true;
      continue;
    }
    if (*text < '0' || *text > '9') break;
    if (digits < 100'000'000'000'000'000u) {
      digits = digits * 10 + static_cast<uint64_t>(*text - '0');
      exponent -= point;
    } else {
      exponent += !point;
    }
  }
  if (*text == 'e' || *text == 'E') {
    const bool down = *++text == '-';
    if (*text == '-' || *text == '+') ++text;
    int value = 0;
    for (; *text >= '0' && *text <= '9'; ++text)
      if (value < 100'000) value = value * 10 + (*text - '0');
    exponent += down ? -value : value;
  }
  if (end) *end = const_cast<char*>(text);
  double value = static_cast<double>(digits);
  // 10^22 is the largest power of ten that a double holds exactly; past 360 nothing but 0 or infinity is left.
  if (exponent > 360) exponent = 360;
  if (exponent < -360) exponent = -360;
  const bool grows = exponent > 0;
  for (int rest = grows ? exponent : -exponent; rest > 0; rest -= 22) {
    const double power = power_of_ten(rest < 22 ? rest : 22);
    if (grows) value *= power;
    else value /= power;
  }
  return negative ? -value : value;
}

}  // extern "C"
