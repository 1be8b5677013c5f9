using Hypervisor.Core.Cpu;
using Hypervisor.Guests.Probe.Layout;

namespace Hypervisor.Guests.Probe.Execution;

/// <summary>
/// Silences what interrupts by itself, so that a window with IF = 1 sees nothing but what the probe sends: both 8259s and the local vectors
/// of the timer and LINT0. A tick that was already on its way is taken and lost; the firmware's timer repeats itself.
/// </summary>
public static unsafe class InterruptSources
{
    private const ushort MasterMask = 0x21;
    private const ushort SlaveMask = 0xA1;
    private const byte AllMasked = 0xFF;
    private const uint Lint0Vector = 0x350;
    private const uint Masked = 1 << 16;

    private static byte s_master;
    private static byte s_slave;
    private static uint s_timer;
    private static uint s_lint0;

    /// <summary>Masks all.</summary>
    public static void Silence()
    {
        s_master = Instructions.In8(MasterMask);
        s_slave = Instructions.In8(SlaveMask);
        Instructions.Out8(MasterMask, AllMasked);
        Instructions.Out8(SlaveMask, AllMasked);
        s_timer = ApicAccess.Read(ApicAccess.TimerVector);
        s_lint0 = ApicAccess.Read(Lint0Vector);
        ApicAccess.Write(ApicAccess.TimerVector, s_timer | Masked);
        ApicAccess.Write(Lint0Vector, s_lint0 | Masked);
        Drain();
    }

    /// <summary>Puts all masks back.</summary>
    public static void Restore()
    {
        ApicAccess.Write(Lint0Vector, s_lint0);
        ApicAccess.Write(ApicAccess.TimerVector, s_timer);
        Instructions.Out8(SlaveMask, s_slave);
        Instructions.Out8(MasterMask, s_master);
    }

    /// <summary>Takes what is pending.</summary>
    private static void Drain()
    {
        do
        {
            Runner.Prepare(SnippetName.StiNop);
            Runner.Run();
        }
        while (Runner.Events->Count != 0);
    }
}
