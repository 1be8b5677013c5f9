using Hypervisor.Core.Cpu;
using Hypervisor.Core.Host;
using Hypervisor.Core.Memory.Mtrr;

namespace Hypervisor.Core.Vmx;

/// <summary>Which MSRs exit (Intel SDM vol 3 §24.6.9): a bit for reading and one for writing, for 8,192 low MSRs and as many from C000_0000 on.</summary>
public static unsafe class VmxMsrBitmap
{
    /// <summary>Pages of the bitmap.</summary>
    public const uint Pages = 1;

    private const int HighOffset = 0x400;
    private const int WriteOffset = 0x800;
    private const uint RangeSize = 0x2000;
    private const uint HighFirst = 0xC000_0000;

    /// <summary>MSRs with a policy; every other one in the two ranges passes without an exit. EFER, PAT and DEBUGCTL are switched by the VMCS.</summary>
    /// <param name="bitmap">The bitmap.</param>
    /// <param name="hidesTrace">Whether there shall be no Processor Trace: its output would go past the extended page tables.</param>
    public static void Write(ulong bitmap, bool hidesTrace)
    {
        Set(bitmap, Msr.FeatureControl, read: true, write: true);
        Set(bitmap, Msr.SmmMonitorControl, read: true, write: true);
        Set(bitmap, Msr.IntelMicrocodeUpdate, read: false, write: true);
        for (uint msr = Msr.VmxBasic; msr <= Msr.VmxSecondaryExitControls; msr++)
        {
            Set(bitmap, msr, read: true, write: true);
        }

        for (uint msr = Msr.TraceOutputBase; hidesTrace && msr <= Msr.TraceLast; msr++)
        {
            if (IsTrace(msr))
            {
                Set(bitmap, msr, read: true, write: true);
            }
        }

        for (uint msr = Msr.MtrrVariableBase0; msr <= Msr.MtrrDefaultType; msr++)
        {
            if (MtrrState.Contains(msr))
            {
                Set(bitmap, msr, read: false, write: true);
            }
        }
    }

    /// <summary>Makes reads and writes of an MSR exit, or no longer. What the host itself needs stays; MSRs in neither range exit in any case.</summary>
    public static void Trap(MachineData* machine, uint msr, bool trap)
    {
        ulong bitmap = machine->MsrPermissionMap;
        if (BitOf(msr) < 0)
        {
            return;
        }

        bool commands = msr is Msr.ApicBase or Msr.X2ApicInterruptCommand && Exits(bitmap, msr, write: true);
        Change(bitmap, msr, 0, trap);
        Change(bitmap, msr, WriteOffset, trap || commands);
        Write(bitmap, hidesTrace: machine->Hidden.Trace != 0);
    }

    /// <summary>Whether an MSR is one of Processor Trace's (Intel SDM vol 3 §32.2.8).</summary>
    public static bool IsTrace(uint msr) =>
        msr is (>= Msr.TraceOutputBase and <= Msr.TraceOutputMask) or (>= Msr.TraceControl and <= Msr.TraceLast);

    /// <summary>Traps, or no longer traps, what has to do with interrupt commands.</summary>
    public static void TrapInterruptCommands(ulong bitmap, bool trap)
    {
        Change(bitmap, Msr.ApicBase, WriteOffset, trap);
        Change(bitmap, Msr.X2ApicInterruptCommand, WriteOffset, trap);
    }

    /// <summary>Whether an access to <paramref name="msr"/> exits; MSRs in neither range always do.</summary>
    public static bool Exits(ulong bitmap, uint msr, bool write)
    {
        int bit = BitOf(msr);
        return bit < 0 || (((byte*)bitmap)[(write ? WriteOffset : 0) + (bit / 8)] >> (bit % 8) & 1) != 0;
    }

    private static void Set(ulong bitmap, uint msr, bool read, bool write)
    {
        if (read)
        {
            Change(bitmap, msr, 0, true);
        }

        if (write)
        {
            Change(bitmap, msr, WriteOffset, true);
        }
    }

    private static void Change(ulong bitmap, uint msr, int offset, bool set)
    {
        int bit = BitOf(msr);
        byte* cell = (byte*)bitmap + offset + (bit / 8);
        byte mask = (byte)(1 << (bit % 8));
        *cell = (byte)(set ? *cell | mask : *cell & ~mask);
    }

    /// <summary>Number of the bit from the start of the low range; negative where there is none.</summary>
    private static int BitOf(uint msr) =>
        msr < RangeSize ? (int)msr : msr - HighFirst < RangeSize ? (int)(msr - HighFirst) + (HighOffset * 8) : -1;
}
