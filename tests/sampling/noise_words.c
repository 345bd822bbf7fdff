/* The numbers of the pairs of words on standard input, by the functions of noise.c: noise_words normal|uniform. */
#define main noise_main
#include "noise.c"
#undef main

int main(int count, char **given) {
    uint32_t words[2];
    float numbers[2];
    if (count != 2) return 2;
    while (fread(words, sizeof words, 1, stdin)) {
        (strcmp(given[1], "normal") ? uniform : normal)(words, numbers);
        fwrite(numbers, sizeof numbers, 1, stdout);
    }
    return fflush(stdout) || ferror(stdin) || ferror(stdout);
}
