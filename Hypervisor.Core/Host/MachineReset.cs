using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Host;

/// <summary>Resets the machine, as a triple fault does without a host under it.</summary>
public static class MachineReset
{
    private const ushort ResetControlPort = 0xCF9; // Intel ICH9 datasheet §13.7.5, the same on AMD's FCH
    private const byte SystemReset = 0x02;
    private const byte HardReset = 0x06;
    private const ushort KeyboardCommandPort = 0x64;
    private const byte PulseResetLine = 0xFE;

    /// <summary>Resets by the chipset's reset control register, then by the keyboard controller; stops when neither works.</summary>
    public static void Reset()
    {
        Instructions.Out8(ResetControlPort, SystemReset);
        Instructions.Out8(ResetControlPort, HardReset);
        Instructions.Out8(KeyboardCommandPort, PulseResetLine);
        Instructions.Halt();
    }
}
