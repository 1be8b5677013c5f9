using System;
using System.Runtime.InteropServices;

namespace Hypervisor.Tests.Models;

/// <summary>
/// Zeroed memory of the test process, at an address of the test's choice: the host reaches memory at its physical address, so "physical" memory of a simulated
/// machine has to stand there. Linux only. Memory that is never touched costs nothing.
/// </summary>
internal sealed unsafe partial class NativeRegion : IDisposable
{
    private const int ReadWrite = 1 | 2;
    private const int ReadWriteExecute = ReadWrite | 4;
    private const int PrivateAnonymousNoReserve = 0x02 | 0x20 | 0x4000;
    private const int FixedNoReplace = 0x10_0000;

    private readonly nuint _size;

    /// <summary>Memory wherever there is room.</summary>
    internal NativeRegion(ulong size)
        : this(0, size)
    {
    }

    /// <summary>Memory at <paramref name="address"/>.</summary>
    internal NativeRegion(ulong address, ulong size, bool isExecutable = false)
    {
        _size = (nuint)size;
        nint mapped = Map((nint)address, _size, isExecutable ? ReadWriteExecute : ReadWrite, PrivateAnonymousNoReserve | (address == 0 ? 0 : FixedNoReplace), -1, 0);
        if (mapped == -1 || (address != 0 && (ulong)mapped != address))
        {
            throw new InvalidOperationException($"no memory at 0x{address:X}: error {Marshal.GetLastPInvokeError()}");
        }

        Base = (ulong)mapped;
    }

    /// <summary>First byte.</summary>
    internal ulong Base { get; private set; }

    public void Dispose()
    {
        if (Base != 0)
        {
            _ = Unmap((nint)Base, _size);
            Base = 0;
        }
    }

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint Map(nint address, nuint size, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Unmap(nint address, nuint size);
}
