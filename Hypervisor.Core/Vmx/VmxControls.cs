using Hypervisor.Core.Guest;

namespace Hypervisor.Core.Vmx;

/// <summary>
/// The controls of every VMCS, and what follows from them for CPUID. The guest shall be the machine itself: nothing exits that need not, and every instruction
/// that CPUID advertises works.
/// </summary>
/// <remarks>
/// <para>Performance counters are left alone: neither entries nor exits touch IA32_PERF_GLOBAL_CTRL. What counts in the guest at CPL 0 goes on counting in the host,
/// some hundred instructions an exit, so a profile shows the host's time as the kernel's, at the exiting instruction, and a counter's interrupt raised in the
/// host reaches the guest right behind. Switching the MSR would need its exact value at every exit, and so exits for every write to it (exits store it only on
/// processors since 2021).</para>
/// <para>User interrupts are left alone too: UINV counts only where an interrupt is taken at CPL 3.</para>
/// </remarks>
public readonly struct VmxControls
{
    /// <summary>Pin-based controls without which nothing works: the guest's blocking by NMI, and NMIs as kicks. Interrupts stay the guest's.</summary>
    public const PinControls WantedPin = PinControls.NmiExiting | PinControls.VirtualNmis;

    /// <summary>Primary controls without which nothing works .</summary>
    public const PrimaryControls WantedPrimary = PrimaryControls.UseMsrBitmaps | PrimaryControls.UseIoBitmaps | PrimaryControls.SecondaryControls;

    /// <summary>Secondary controls without which nothing works.</summary>
    public const SecondaryControls WantedSecondary = SecondaryControls.EnableEpt | SecondaryControls.UnrestrictedGuest;

    /// <summary>Exit controls without which nothing works .</summary>
    public const ExitControls WantedExit = ExitControls.Host64Bit | ExitControls.SaveDebugControls
        | ExitControls.SavePat | ExitControls.LoadPat | ExitControls.SaveEfer | ExitControls.LoadEfer;

    /// <summary>Entry controls without which nothing works. Whether the guest is in IA-32e mode is its own state.</summary>
    public const EntryControls WantedEntry = EntryControls.LoadDebugControls | EntryControls.LoadPat | EntryControls.LoadEfer;

    private VmxControls(
        in VmxCapabilities capabilities, SecondaryControls secondary, ExitControls exit, EntryControls entry, in HiddenFeatures hidden)
    {
        // Without TRUE capabilities MOV CR3 exits and debug controls are switched whether wanted or not; both are handled.
        Pin = (PinControls)capabilities.Pin.Apply((uint)WantedPin);
        Primary = (PrimaryControls)capabilities.Primary.Apply((uint)WantedPrimary);
        Secondary = (SecondaryControls)capabilities.Secondary.Apply((uint)(WantedSecondary | secondary));
        Exit = (ExitControls)capabilities.Exit.Apply((uint)(WantedExit | exit));
        Entry = (EntryControls)capabilities.Entry.Apply((uint)(WantedEntry | entry));
        Hidden = hidden;
    }

    /// <summary>Pin-based controls.</summary>
    public PinControls Pin { get; }

    /// <summary>Primary processor-based controls, without NMI windows, which come and go.</summary>
    public PrimaryControls Primary { get; }

    /// <summary>Secondary processor-based controls.</summary>
    public SecondaryControls Secondary { get; }

    /// <summary>Exit controls.</summary>
    public ExitControls Exit { get; }

    /// <summary>Entry controls, without <see cref="EntryControls.Ia32eMode"/>.</summary>
    public EntryControls Entry { get; }

    /// <summary>Features the guest shall not see.</summary>
    public HiddenFeatures Hidden { get; }

    /// <summary>Chooses the controls.</summary>
    /// <param name="capabilities">Of a processor that is not refused.</param>
    public static VmxControls For(in VmxCapabilities capabilities)
    {
        HiddenFeatures hidden = VmxHiddenFeatures.Always;
        SecondaryControls secondary = ChooseInstructions(in capabilities, ref hidden);
        ExitControls exit = ExitControls.None;
        EntryControls entry = EntryControls.None;

        // Intel SDM vol 3 §26.2.1.1: the three come together. Without them the output of Processor Trace goes to physical addresses past EPT, the host's among
        // them, and the host is traced with the guest (§25.5.4).
        if (Has(in capabilities, VmxFeatures.Trace) && capabilities.HasGuestTrace)
        {
            secondary |= SecondaryControls.TraceUsesGuestAddresses;
            exit |= ExitControls.ClearTraceControl;
            entry |= EntryControls.LoadTraceControl;
        }
        else
        {
            VmxHiddenFeatures.Hide(VmxFeatures.Trace & capabilities.Features, ref hidden);
        }

        // CR4.CET is 0 in the host, but IA32_S_CET, SSP and the state of a tracked branch are one for both worlds unless exits and entries switch them (§27.5.1).
        if (capabilities.HasCetSwitch)
        {
            exit |= ExitControls.LoadCet;
            entry |= EntryControls.LoadCet;
        }
        else
        {
            VmxHiddenFeatures.Hide(VmxFeatures.Cet & capabilities.Features, ref hidden);
        }

        if (capabilities.Exit.Allows(ExitControls.LoadProtectionKeys) && capabilities.Entry.Allows(EntryControls.LoadProtectionKeys))
        {
            exit |= ExitControls.LoadProtectionKeys;
            entry |= EntryControls.LoadProtectionKeys;
        }

        // With BNDCFGS.EN and without BNDPRESERVE the host's branches would reset the guest's bound registers (vol 1 §17.5.3).
        if (Has(in capabilities, VmxFeatures.Bounds)
            && capabilities.Exit.Allows(ExitControls.ClearBoundConfiguration) && capabilities.Entry.Allows(EntryControls.LoadBoundConfiguration))
        {
            exit |= ExitControls.ClearBoundConfiguration;
            entry |= EntryControls.LoadBoundConfiguration;
        }

        // The host's branches would push the guest's out of the records (vol 3 §18.1.2.5). The older records are off in the host: exits clear IA32_DEBUGCTL.
        if (Has(in capabilities, VmxFeatures.LastBranch)
            && capabilities.Exit.Allows(ExitControls.ClearLastBranchControl) && capabilities.Entry.Allows(EntryControls.LoadLastBranchControl))
        {
            exit |= ExitControls.ClearLastBranchControl;
            entry |= EntryControls.LoadLastBranchControl;
        }

        return new VmxControls(in capabilities, secondary, exit, entry, in hidden);
    }

    /// <summary>
    /// Controls that let instructions work which are #UD in a guest without them (Intel SDM vol 3 §24.6.2, table 24-7): set where CPUID has the instruction, which is
    /// hidden where the control is missing.
    /// </summary>
    private static SecondaryControls ChooseInstructions(in VmxCapabilities capabilities, ref HiddenFeatures hidden)
    {
        SecondaryControls secondary = capabilities.HasVpid ? SecondaryControls.EnableVpid : SecondaryControls.None;

        // RDPID depends on the control for RDTSCP (vol 3 §25.3).
        secondary |= Enable(in capabilities, VmxFeatures.Rdtscp | VmxFeatures.Rdpid, SecondaryControls.EnableRdtscp, ref hidden);
        secondary |= Enable(in capabilities, VmxFeatures.Invpcid, SecondaryControls.EnableInvpcid, ref hidden);
        secondary |= Enable(in capabilities, VmxFeatures.Xsaves, SecondaryControls.EnableXsaves, ref hidden);
        secondary |= Enable(in capabilities, VmxFeatures.UserWait, SecondaryControls.EnableUserWait, ref hidden);
        secondary |= Enable(in capabilities, VmxFeatures.Pconfig, SecondaryControls.EnablePconfig, ref hidden);
        return secondary;
    }

    private static SecondaryControls Enable(
        in VmxCapabilities capabilities, VmxFeatures features, SecondaryControls control, ref HiddenFeatures hidden)
    {
        if (!capabilities.Secondary.Allows(control))
        {
            VmxHiddenFeatures.Hide(features & capabilities.Features, ref hidden);
            return SecondaryControls.None;
        }

        return Has(in capabilities, features) ? control : SecondaryControls.None;
    }

    private static bool Has(in VmxCapabilities capabilities, VmxFeatures features) => (capabilities.Features & features) != 0;
}
