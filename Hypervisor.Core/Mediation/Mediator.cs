using System;

namespace Hypervisor.Core.Mediation;

/// <summary>
/// A mediator: it stands in the doorways it has claimed, sees every access there, and decides what becomes of it. It is safe code that knows neither the processor
/// vendor nor the tables behind a claim (M6). Calls into one mediator never overlap; all take place in the host, with interrupts off, and must end soon. A check
/// that fails inside (an index, a null, a division) ends the call and the mediator, not the machine (M5).
/// </summary>
/// <remarks>
/// Life: constructed once, with its dependencies; options; <see cref="Probe"/>; <see cref="Attach"/>; accesses; <see cref="ExitBootServices"/>; any number of
/// <see cref="ProcessorStarted"/>, <see cref="Sleep"/>, <see cref="Resume"/>; <see cref="Detach"/>. Objects can be made in the constructor only.
/// </remarks>
public abstract class Mediator
{
    /// <summary>The name in the configuration: lower-case letters and digits.</summary>
    public abstract ReadOnlySpan<byte> Name { get; }

    /// <summary>The names of its options, for messages: <c>sleep, dmar</c>.</summary>
    public virtual ReadOnlySpan<byte> OptionNames => default;

    /// <summary>What becomes of its claims when it fails.</summary>
    public virtual Fallback Fallback => Fallback.Pass;

    /// <summary>
    /// Bytes of memory it wants for itself, in whole pages: asked once, after its options. It is part of the host's, so the guest cannot reach it; devices can.
    /// </summary>
    public virtual uint OwnMemory => 0;

    /// <summary>Takes an option of the configuration: <c>NAME.KEY = VALUE</c>.</summary>
    /// <returns>Whether it was taken, or why not.</returns>
    public virtual OptionResult SetOption(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => OptionResult.Unknown(OptionNames);

    /// <summary>
    /// What it needs a passphrase for, such as <c>disk key main</c>; empty when it needs none, or none any more. Asked in the loader, after the options, where there is a console.
    /// </summary>
    public virtual ReadOnlySpan<byte> WantedPassphrase => default;

    /// <summary>Takes what was typed when <see cref="WantedPassphrase"/> was asked for.</summary>
    /// <param name="passphrase">Printable ASCII; gone after the call.</param>
    /// <param name="option">
    /// Where an option goes, as <c>KEY=VALUE</c>, that says what was made of it: the mediator that will run is another object, and is told all options again.
    /// </param>
    /// <returns>Bytes of the option; 0 where the passphrase is wrong.</returns>
    public virtual int TakePassphrase(ReadOnlySpan<byte> passphrase, Span<byte> option) => 0;

    /// <summary>
    /// Overwrites whatever is secret among its options. Asked in the loaded driver, whose memory the guest can read: there the mediator has only checked the options, and is not
    /// asked anything about them afterwards.
    /// </summary>
    public virtual void ForgetSecrets()
    {
    }

    /// <summary>Looks whether there is something for it on this machine; changes nothing.</summary>
    /// <returns>False to stay out.</returns>
    public virtual bool Probe(MediatorHost host) => true;

    /// <summary>Makes its claims. The guest waits in the loader.</summary>
    public abstract void Attach(MediatorHost host);

    /// <summary>Boot services have ended: an operating system is taking over.</summary>
    public virtual void ExitBootServices()
    {
    }

    /// <summary>The guest has started a processor, which is about to execute its first instruction.</summary>
    /// <param name="processor">Its number.</param>
    public virtual void ProcessorStarted(uint processor)
    {
    }

    /// <summary>The machine is about to enter a sleep state, to go off, or to be reset.</summary>
    public virtual void Sleep(SleepState state)
    {
    }

    /// <summary>The machine has woken, or did not fall asleep after all; claims are in place.</summary>
    public virtual void Resume()
    {
    }

    /// <summary>Leaves: whatever it has changed in a device it puts back. Its claims are taken away afterwards.</summary>
    public virtual void Detach()
    {
    }

    /// <summary>An access to a port it has claimed.</summary>
    public virtual Verdict OnPort(ref PortRequest request) => Verdict.Pass;

    /// <summary>An access to memory it has claimed.</summary>
    public virtual Verdict OnMemory(ref MemoryRequest request) => Verdict.Pass;

    /// <summary>An access to an MSR it has claimed.</summary>
    public virtual Verdict OnMsr(ref MsrRequest request) => Verdict.Pass;

    /// <summary>CPUID of a leaf it has claimed.</summary>
    public virtual void OnCpuid(ref CpuidRequest request)
    {
    }

    /// <summary>An interrupt command, where it has claimed them.</summary>
    public virtual Verdict OnInterruptCommand(in InterruptCommandRequest request) => Verdict.Pass;

    /// <summary>An access of the guest to the configuration space of a PCI function it has claimed. <see cref="Verdict.Guest"/> counts as
    /// <see cref="Verdict.Pass"/>.</summary>
    public virtual Verdict OnPciConfiguration(ref PciRequest request) => Verdict.Pass;

    /// <summary>Something has happened to a PCI function it has claimed.</summary>
    public virtual void OnPciFunction(in PciFunctionInfo function)
    {
    }

    /// <summary>
    /// A check of its own has failed, and its claims are about to pass: whatever the guest has told it and the hardware does not know yet it may pass on. Nothing of
    /// its state can be relied on.
    /// </summary>
    public virtual void Abandon()
    {
    }

    /// <summary>A number of its own for the owner to read (<c>hvctl mediators</c>).</summary>
    /// <param name="index">From 0.</param>
    /// <param name="name">Its name; empty where there is no further one.</param>
    /// <returns>Its value.</returns>
    public virtual ulong Statistic(int index, out ReadOnlySpan<byte> name)
    {
        name = default;
        return 0;
    }
}
