// Their training draws from libtorch's random numbers, of which a process has one state: tests that train must not run side by side.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
