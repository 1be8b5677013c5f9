using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Host;
using Hypervisor.Core.Mediation;
using Hypervisor.Core.Traps;

namespace Hypervisor.Core.Guest.Startup;

/// <summary>What INIT and SIPI do to the processor they were sent to, where the host delivers them.</summary>
public static unsafe class GuestStartup
{
    /// <summary>On an application processor that the host has just taken over: says so, and returns when the guest's first instruction can be executed.</summary>
    public static void Arrive<TGuest>(ProcessorData* processor)
        where TGuest : struct, IGuestProcessor
    {
        Instructions.Exchange(&processor->Startup.TakenOver, 1);
        Begin<TGuest>(processor);
    }

    /// <summary>The guest sent INIT: the processor leaves whatever it did and waits for SIPI.</summary>
    public static void Init<TGuest>(ProcessorData* processor)
        where TGuest : struct, IGuestProcessor
    {
        ResetBootstrapProcessor(processor);
        GuestDoors.Shut<TGuest>(processor);
        LocalApicInit.Reset<TGuest>();
        Begin<TGuest>(processor);
    }

    /// <summary>INIT of the bootstrap processor resets the machine .</summary>
    public static void ResetBootstrapProcessor(ProcessorData* processor)
    {
        if (LocalApic.Base.BootstrapProcessor)
        {
            Log.Write(LogLevel.Warning, processor->Index, "INIT for the bootstrap processor: the machine is reset"u8);
            MachineReset.Reset();
        }
    }

    /// <summary>The state behind SIPI; mediators are told.</summary>
    public static void EnterFirstState<TGuest>(ProcessorData* processor, byte vector)
        where TGuest : struct, IGuestProcessor
    {
        Enter<TGuest>(processor, StartPoint.FromVector(vector));
        MediatorLife.ProcessorStarted(processor);
    }

    /// <summary>The state in which a processor begins, and a view of memory that fits its local APIC.</summary>
    public static void Enter<TGuest>(ProcessorData* processor, StartPoint start)
        where TGuest : struct, IGuestProcessor
    {
        CpuidResult signature;
        Instructions.Cpuid(1, 0, &signature);
        processor->Registers = default;
        processor->Registers.Rdx = signature.Eax;
        processor->Nmi = new NmiState { Seen = processor->NmiCount };
        processor->Step = default;
        Instructions.ClearDebugAddresses();
        Instructions.TryWriteMsr(Msr.DebugControl, InitState.DebugControl);
        Instructions.TryWriteMsr(Msr.ExtendedSupervisorState, InitState.ExtendedSupervisorState);
        TGuest.LoadStartupState(processor, signature.Eax, start);
        ApicTrap.BuildWindow<TGuest>(processor);
        TrapShootdown.Follow(processor);
    }

    /// <summary>
    /// Waits for SIPI and enters the guest's first state. An INIT that comes again right behind the SIPI is seen before the guest goes on; one that comes later finds
    /// its kick untouched.
    /// </summary>
    private static void Begin<TGuest>(ProcessorData* processor)
        where TGuest : struct, IGuestProcessor
    {
        byte vector;
        do
        {
            vector = ProcessorStartup.WaitForStartup(processor);
            DropPendingNmis<TGuest>(processor);
        }
        while (new StartupRequest(processor->Startup.Request).IsInit);

        EnterFirstState<TGuest>(processor, vector);
    }

    /// <summary>
    /// NMIs from before the INIT are gone with it (AMD APM vol 2 §14.1.3). One that has arrived was the kick, where there was one; a kick whose NMI is still on
    /// its way keeps its flag, by which it will be known.
    /// </summary>
    private static void DropPendingNmis<TGuest>(ProcessorData* processor)
        where TGuest : struct, IGuestProcessor
    {
        uint before = processor->Nmi.Seen;
        TGuest.TakePendingNmis();
        processor->Nmi.Seen = processor->NmiCount;
        if (processor->NmiCount != before)
        {
            Instructions.Exchange(&processor->Startup.Kick, 0);
        }
    }
}
