namespace Hypervisor.Core.Vmx;

/// <summary>IA32_VMX_MISC, MSR 0x485.</summary>
/// <remarks>Intel SDM vol 3 appendix A.6.</remarks>
/// <param name="value">The MSR as the processor holds it.</param>
public readonly struct VmxMiscellaneous(ulong value)
{
    private const ulong TimerRateMask = 0x1F;
    private const ulong StoresLongModeBit = 1UL << 5;
    private const ulong HaltBit = 1UL << 6;
    private const ulong ShutdownBit = 1UL << 7;
    private const ulong WaitForSipiBit = 1UL << 8;
    private const ulong TraceBit = 1UL << 14;
    private const int Cr3TargetShift = 16;
    private const ulong Cr3TargetMask = 0x1FF;
    private const ulong WriteAllFieldsBit = 1UL << 29;
    private const ulong ZeroLengthInjectionBit = 1UL << 30;

    /// <summary>The MSR as the processor holds it.</summary>
    public ulong Value => value;

    /// <summary>Bits 4:0: the preemption timer counts when that bit of the time-stamp counter changes.</summary>
    public int TimerRate => (int)(value & TimerRateMask);

    /// <summary>Bit 5: exits store EFER.LMA into the entry control "IA-32e mode guest". Comes with unrestricted guests.</summary>
    public bool StoresLongMode => (value & StoresLongModeBit) != 0;

    /// <summary>Bit 6: activity state HLT exists.</summary>
    public bool HasHalt => (value & HaltBit) != 0;

    /// <summary>Bit 7: activity state shutdown exists.</summary>
    public bool HasShutdown => (value & ShutdownBit) != 0;

    /// <summary>Bit 8: activity state wait-for-SIPI exists.</summary>
    public bool HasWaitForSipi => (value & WaitForSipiBit) != 0;

    /// <summary>Bit 14: Processor Trace can be used in VMX operation; without it VMXON switches it off.</summary>
    public bool TraceInVmx => (value & TraceBit) != 0;

    /// <summary>Bits 24:16: number of CR3-target values.</summary>
    public int Cr3Targets => (int)((value >> Cr3TargetShift) & Cr3TargetMask);

    /// <summary>Bit 29: VMWRITE reaches the fields with exit information too.</summary>
    public bool WritesAllFields => (value & WriteAllFieldsBit) != 0;

    /// <summary>Bit 30: software interrupts and exceptions may be injected with an instruction length of 0.</summary>
    public bool ZeroLengthInjection => (value & ZeroLengthInjectionBit) != 0;
}
