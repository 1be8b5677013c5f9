using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Svm;

/// <summary>Which MSRs exit (AMD APM vol 2 §15.11).</summary>
public static unsafe class SvmPermissionMaps
{
    /// <summary>Pages of the MSR permission map.</summary>
    public const uint MsrMapPages = 2;

    private const int VectorBytes = 0x800;
    private const uint MsrsPerVector = 0x2000;
    private const uint ExtendedFirst = 0xC000_0000;
    private const uint AmdFirst = 0xC001_0000;

    /// <summary>MSRs with a policy; every other one in the three ranges of the map passes without an exit .</summary>
    public static void WriteMsrMap(ulong map)
    {
        Intercept(map, Msr.ApicBase, read: false, write: true);
        Intercept(map, Msr.X2ApicInterruptCommand, read: false, write: true);
        Intercept(map, Msr.Efer, read: true, write: true);
        Intercept(map, Msr.VmCr, read: true, write: true);
        Intercept(map, Msr.HostSavePhysicalAddress, read: true, write: true);
        Intercept(map, Msr.SvmKey, read: true, write: true);
        Intercept(map, Msr.SmmControl, read: false, write: true);
    }

    /// <summary>Makes reads and writes of an MSR exit, or no longer. What the host itself needs stays; MSRs in none of the map's ranges exit in any case.</summary>
    public static void Trap(ulong map, uint msr, bool trap)
    {
        int bit = BitOf(msr);
        if (bit < 0)
        {
            return;
        }

        byte* cell = (byte*)map + (bit / 8);
        *cell = (byte)(*cell & ~(3 << (bit % 8)));
        if (trap)
        {
            Intercept(map, msr, read: true, write: true);
        }

        WriteMsrMap(map);
    }

    /// <summary>Whether the map makes an access to <paramref name="msr"/> exit; MSRs in none of its ranges always do.</summary>
    public static bool Exits(ulong map, uint msr, bool write)
    {
        int bit = BitOf(msr);
        return bit < 0 || (((byte*)map)[bit / 8] >> ((bit % 8) + (write ? 1 : 0)) & 1) != 0;
    }

    private static void Intercept(ulong map, uint msr, bool read, bool write)
    {
        int bit = BitOf(msr);
        ((byte*)map)[bit / 8] |= (byte)(((read ? 1 : 0) | (write ? 2 : 0)) << (bit % 8));
    }

    /// <summary>Bit of the read intercept; the write intercept is the next one. Negative where the map has none.</summary>
    private static int BitOf(uint msr)
    {
        int vector = msr < MsrsPerVector ? 0 : msr - ExtendedFirst < MsrsPerVector ? 1 : msr - AmdFirst < MsrsPerVector ? 2 : -1;
        return vector < 0 ? -1 : (vector * VectorBytes * 8) + ((int)(msr % MsrsPerVector) * 2);
    }
}
