#include <config.h>
#include <stdio.h>

int main(void)
{
    printf("hello from %s\n", PACKAGE_STRING);
    return 0;
}
