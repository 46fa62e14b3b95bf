// Helpers of src/parallel, as JavaScript starts them. Without threads: none.
#pragma once

// Counts one more helper and returns the top of its stack; 0: there are enough, or there is no memory for it.
int add_helper_stack();
// The function that a helper's own instance calls, as its place in the function table: (stack, failed) with the stack that
// add_helper_stack() gave. failed = 0: does tasks for ever. failed = 1, after a crash: lets the waiting thread crash too.
int helper_function();
