using System.Runtime;
using System.Runtime.CompilerServices;

namespace Hypervisor.Control.Platform.Linux;

/// <summary>Calls of the Linux kernel, x86-64. A negative result is an error number.</summary>
internal static unsafe class SystemCall
{
    /// <summary>No such file or folder.</summary>
    public const long NoEntry = -2;

    private const ulong ReadNumber = 0;
    private const ulong WriteNumber = 1;
    private const ulong OpenNumber = 2;
    private const ulong CloseNumber = 3;
    private const ulong StatNumber = 4;
    private const ulong SignalActionNumber = 13;
    private const ulong ControlNumber = 16;
    private const ulong ReadAtNumber = 17;
    private const ulong SleepNumber = 35;
    private const ulong UnlinkNumber = 87;
    private const ulong SetAffinityNumber = 203;
    private const ulong ClockNumber = 228;
    private const ulong GetProcessorNumber = 309;

    /// <summary>read</summary>
    public static long Read(int file, void* buffer, ulong size) => Invoke(ReadNumber, (ulong)file, (ulong)buffer, size, 0, 0);

    /// <summary>write</summary>
    public static long Write(int file, void* buffer, ulong size) => Invoke(WriteNumber, (ulong)file, (ulong)buffer, size, 0, 0);

    /// <summary>open</summary>
    public static long Open(byte* path, ulong flags, ulong mode) => Invoke(OpenNumber, (ulong)path, flags, mode, 0, 0);

    /// <summary>close</summary>
    public static void Close(int file) => Invoke(CloseNumber, (ulong)file, 0, 0, 0, 0);

    /// <summary>stat</summary>
    public static long Stat(byte* path, void* status) => Invoke(StatNumber, (ulong)path, (ulong)status, 0, 0, 0);

    /// <summary>rt_sigaction</summary>
    public static long SetSignalAction(int signal, void* action, ulong maskSize) =>
        Invoke(SignalActionNumber, (ulong)signal, (ulong)action, 0, maskSize, 0);

    /// <summary>ioctl</summary>
    public static long Control(int file, ulong request, void* argument) => Invoke(ControlNumber, (ulong)file, request, (ulong)argument, 0, 0);

    /// <summary>pread64</summary>
    public static long ReadAt(int file, void* buffer, ulong size, ulong offset) => Invoke(ReadAtNumber, (ulong)file, (ulong)buffer, size, offset, 0);

    /// <summary>nanosleep</summary>
    public static void Sleep(void* time) => Invoke(SleepNumber, (ulong)time, 0, 0, 0, 0);

    /// <summary>unlink</summary>
    public static long Unlink(byte* path) => Invoke(UnlinkNumber, (ulong)path, 0, 0, 0, 0);

    /// <summary>sched_setaffinity of the caller</summary>
    public static long SetAffinity(void* mask, ulong size) => Invoke(SetAffinityNumber, 0, size, (ulong)mask, 0, 0);

    /// <summary>clock_gettime</summary>
    public static void GetClock(ulong clock, void* time) => Invoke(ClockNumber, clock, (ulong)time, 0, 0, 0);

    /// <summary>getcpu</summary>
    public static long GetProcessor(uint* processor) => Invoke(GetProcessorNumber, (ulong)processor, 0, 0, 0, 0);

    [RuntimeImport("*", "hvctl_SystemCall")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern long Invoke(ulong number, ulong first, ulong second, ulong third, ulong fourth, ulong fifth);
}
