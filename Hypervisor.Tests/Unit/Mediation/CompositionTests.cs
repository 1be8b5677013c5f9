using System;
using System.Linq;
using System.Reflection;
using Hypervisor.Core.Mediation;
using Hypervisor.Devices.Registration;
using Hypervisor.Tool.ImageBuild;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Hypervisor.Tests.Unit.Mediation;

/// <summary>The image's composition is the container's (M1).</summary>
public sealed class CompositionTests : IDisposable
{
    public void Dispose() => MediatorObjects.Clear();

    [Fact]
    public void The_generated_composition_makes_the_same_mediators_in_the_same_order()
    {
        MediatorComposition.Compose();
        Type[] generated = Composed();
        new ServiceCollection().AddMediators().Compose();
        Assert.Equal(Composed(), generated);
        Assert.NotEmpty(generated);
    }

    [Fact]
    public void Their_dependencies_are_the_same_objects_the_list_holds()
    {
        MediatorComposition.Compose();
        Mediator[] mediators = [.. Enumerable.Range(0, MediatorObjects.Count).Select(MediatorObjects.Mediator)];
        foreach (Mediator mediator in mediators)
        {
            foreach (FieldInfo field in mediator.GetType().GetFields(BindingFlags.Instance | BindingFlags.NonPublic))
            {
                if (typeof(Mediator).IsAssignableFrom(field.FieldType) && field.GetValue(mediator) is Mediator dependency)
                {
                    Assert.Contains(dependency, mediators);
                }
            }
        }
    }

    [Fact]
    public void Names_are_unique_and_what_a_configuration_can_hold()
    {
        new ServiceCollection().AddMediators().Compose();
        string[] names = [.. Enumerable.Range(0, MediatorObjects.Count).Select(i => System.Text.Encoding.ASCII.GetString(MediatorObjects.Mediator(i).Name))];
        Assert.Equal(names.Distinct(), names);
        Assert.All(names, n => Assert.Matches("^[a-z][a-z0-9]*$", n));
    }

    [Fact]
    public void A_dependency_that_is_not_registered_is_refused_at_build_time()
    {
        ServiceCollection services = new();
        services.AddMediator<Needy>();
        Assert.ThrowsAny<Exception>(() => CompositionPlan.From(services));
    }

    [Fact]
    public void Dependencies_are_made_first_and_once()
    {
        ServiceCollection services = new();
        services.AddSingleton<Parts>();
        services.AddMediator<Needy>();
        CompositionPlan plan = CompositionPlan.From(services);
        Assert.Equal([typeof(Parts), typeof(Needy)], plan.Objects.Select(o => o.Type));
        Assert.Equal([typeof(Needy)], plan.Mediators);
        string source = CompositionWriter.Write(plan);
        Assert.Contains("needy = new(parts);", source);
    }

    private static Type[] Composed() => [.. Enumerable.Range(0, MediatorObjects.Count).Select(i => MediatorObjects.Mediator(i).GetType())];

    public sealed class Parts;

    public sealed class Needy(Parts parts) : Mediator
    {
        public Parts Parts => parts;

        public override ReadOnlySpan<byte> Name => "needy"u8;

        public override void Attach(MediatorHost host)
        {
        }
    }
}
