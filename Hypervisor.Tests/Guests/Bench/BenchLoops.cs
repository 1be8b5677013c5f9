using System.Runtime;
using System.Runtime.CompilerServices;

namespace Hypervisor.Guests.Bench;

/// <summary>The loops of BenchStubs.</summary>
internal static class BenchLoops
{
    [RuntimeImport("*", "bench_Empty")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern ulong Empty(uint count);

    [RuntimeImport("*", "bench_Cpuid0")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern ulong Cpuid0(uint count);

    [RuntimeImport("*", "bench_Cpuid1")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern ulong Cpuid1(uint count);

    [RuntimeImport("*", "bench_CpuidVendor")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern ulong CpuidVendor(uint count);

    [RuntimeImport("*", "bench_ReadEfer")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern ulong ReadEfer(uint count);

    [RuntimeImport("*", "bench_WriteEfer")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern ulong WriteEfer(uint count);

    [RuntimeImport("*", "bench_ReadTsc")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern ulong ReadTsc(uint count);

    [RuntimeImport("*", "bench_ReadPat")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern ulong ReadPat(uint count);

    [RuntimeImport("*", "bench_WritePat")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern ulong WritePat(uint count);

    [RuntimeImport("*", "bench_ReadFsBase")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern ulong ReadFsBase(uint count);

    [RuntimeImport("*", "bench_WriteSysenter")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern ulong WriteSysenter(uint count);

    [RuntimeImport("*", "bench_Xsetbv")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern ulong Xsetbv(uint count);

    [RuntimeImport("*", "bench_WriteCr0")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern ulong WriteCr0(uint count);

    [RuntimeImport("*", "bench_WriteCr3")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern ulong WriteCr3(uint count);

    [RuntimeImport("*", "bench_WriteCr4")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern ulong WriteCr4(uint count);

    [RuntimeImport("*", "bench_WriteCr8")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern ulong WriteCr8(uint count);

    [RuntimeImport("*", "bench_OutDelay")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern ulong OutDelay(uint count);

    [RuntimeImport("*", "bench_OutCmosIndex")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern ulong OutCmosIndex(uint count);

    [RuntimeImport("*", "bench_PciWindowRead")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern ulong PciWindowRead(uint count);

    [RuntimeImport("*", "bench_AhciRead")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern ulong AhciRead(uint count);

    [RuntimeImport("*", "bench_AhciWrite")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern ulong AhciWrite(uint count);

    [RuntimeImport("*", "bench_PciRead")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern ulong PciRead(uint count);

    [RuntimeImport("*", "bench_ReadApic")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern ulong ReadApic(uint count);

    [RuntimeImport("*", "bench_WriteApic")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    internal static extern ulong WriteApic(uint count);
}
