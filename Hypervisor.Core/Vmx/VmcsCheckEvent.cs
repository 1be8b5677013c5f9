using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Vmx;

/// <summary>The event to inject (Intel SDM vol 3 §26.2.1.3).</summary>
public static class VmcsCheckEvent
{
    private const uint ErrorCodeLimit = 0xFFFF;
    private const uint LongestInstruction = 15;

    /// <summary>The first rule broken.</summary>
    public static VmcsViolation Violation()
    {
        InterruptionInformation injected = new(Vmcs.ReadOrZero(VmcsField32.EntryInterruptionInformation));
        if (!injected.IsValid)
        {
            return default;
        }

        if (injected.HasReservedBits)
        {
            return new("event to inject"u8, "reserved bits are set"u8);
        }

        if (injected.Type == InterruptionType.Reserved || (injected.Type == InterruptionType.Other && !HasMonitorTrap))
        {
            return new("event to inject"u8, "there is no such type"u8);
        }

        bool fits = injected.Type switch
        {
            InterruptionType.Nmi => injected.Vector == ExceptionVector.Nmi,
            InterruptionType.HardwareException => injected.Vector <= ExceptionVector.Last,
            InterruptionType.Other => injected.Vector == 0,
            _ => true,
        };
        if (!fits)
        {
            return new("event to inject"u8, "the vector does not fit the type"u8);
        }

        VmcsViolation found = ErrorCode(injected);
        return found.Exists ? found : Instruction(injected);
    }

    private static bool HasMonitorTrap => (VmxFacts.Primary.Allowed & (uint)PrimaryControls.MonitorTrapFlag) != 0;

    private static VmcsViolation ErrorCode(InterruptionInformation injected)
    {
        bool unrestricted = (VmcsCheckExecutionControls.Secondary() & SecondaryControls.UnrestrictedGuest) != 0;
        bool realMode = unrestricted && !new Cr0(Vmcs.ReadOrZero(VmcsFieldNatural.GuestCr0)).ProtectionEnable;
        bool exception = injected.Type == InterruptionType.HardwareException;
        bool usual = ExceptionVector.HasErrorCode(injected.Vector);
        if (injected.HasErrorCode && (realMode || !exception || (!usual && !VmxFacts.AnyErrorCode)))
        {
            return new("event to inject"u8, "has an error code that it must not have"u8);
        }

        if (!injected.HasErrorCode && !realMode && exception && usual && !VmxFacts.AnyErrorCode)
        {
            return new("event to inject"u8, "lacks its error code"u8);
        }

        return injected.HasErrorCode && Vmcs.ReadOrZero(VmcsField32.EntryExceptionErrorCode) > ErrorCodeLimit
            ? new("error code to inject"u8, "reserved bits are set"u8)
            : default;
    }

    private static VmcsViolation Instruction(InterruptionInformation injected)
    {
        uint length = Vmcs.ReadOrZero(VmcsField32.EntryInstructionLength);
        bool fits = length <= LongestInstruction && (length != 0 || VmxFacts.AllowsEmptyInstructions);
        return injected.IsSoftware && !fits ? new("length of the instruction to inject"u8, "is not 1 to 15"u8) : default;
    }
}
